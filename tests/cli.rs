//! The command line, as shells and scripts use it.

mod authorize;
mod browser;
mod commands;
mod import;
mod init;
mod label;
mod login;
mod migrate;
mod operators;
mod profiles;
mod publish;
mod resources;
mod review;
mod tokens;
mod validate;
mod vouchers;
