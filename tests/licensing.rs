//! Rights: who gets them, who may use what, and that nothing is counted twice or lost.

mod attempts;
mod authorize;
mod events;
pub mod market;
mod vouchers;
