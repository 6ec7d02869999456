//! `mkt`: a health-product marketplace after the HL7 Health Services Platform Marketplace (HSPM) specification.
//!
//! Imports point down: [`cli`] may use everything, [`agent`] uses [`client`], [`server`] and [`client`] use [`core`] and never
//! each other, [`ui`] is the files of the web application, and [`core`] knows neither HTTP nor terminals. `tests/architecture.rs` holds the modules to it.

pub mod agent;
pub mod cli;
pub mod client;
pub mod core;
pub mod server;
pub mod ui;
