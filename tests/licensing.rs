//! Rights: who gets them, who may use what, and that nothing is counted twice or lost.

mod attempts;
mod authorize;
mod clock;
mod core;
mod crash;
mod events;
mod families;
mod histories;
pub mod market;
mod races;
mod vouchers;
