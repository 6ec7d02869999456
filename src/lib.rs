//! `mkt`

pub mod core;
