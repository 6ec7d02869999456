//! The command line, as shells and scripts use it.

mod commands;
mod migrate;
mod publish;
mod resources;
