//! The web application: how it is served, and in a real browser what people do with it.

mod files;
mod journeys;
