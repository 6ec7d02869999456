//! What a marketplace is: its model, its rules and its database. Every subcommand shares this module.
//! Nothing here knows HTTP or a terminal.

pub mod access;
pub mod audit;
pub mod clock;
pub mod db;
pub mod demo;
pub mod deployment;
pub mod error;
pub mod event;
pub mod field;
pub mod files;
pub mod id;
pub mod idempotency;
pub mod keeper;
pub mod label;
pub mod licensing;
pub mod manifest;
pub mod model;
pub mod package;
pub mod page;
pub mod presence;
pub mod report;
pub mod resource;
pub mod review;
pub mod schedule;
pub mod secret;
pub mod seed;
pub mod session;
pub mod signing;

pub use error::{Error, Kind, Result};
