//! Rights: who gets them, who may use what, and that nothing is counted twice or lost.

mod authorize;
pub mod market;
