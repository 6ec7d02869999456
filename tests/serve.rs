//! The life of a server: how it comes up, goes down, and survives being killed.

mod bootstrap;
mod connections;
mod crash;
mod shutdown;
