//! Platform agents: real ones, against real servers.

mod faults;
mod process;
mod ward;
