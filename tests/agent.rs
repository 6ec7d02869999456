//! Platform agents: real ones, against real servers.

mod certify;
mod containers;
mod distribution;
mod faults;
mod liar;
mod process;
mod ward;
