//! All tests that drive the built binary or hold the code to its rules, in one binary: linking is what takes time.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod support;

mod agent;
mod architecture;
mod cable;
mod cli;
mod client;
mod generated;
mod http;
mod licensing;
mod openapi;
mod publish;
mod readme;
mod serve;
mod ui;
