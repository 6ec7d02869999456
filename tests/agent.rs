//! Platform agents: real ones, against real servers.

mod containers;
mod distribution;
mod faults;
mod liar;
mod process;
mod ward;
