//! Rights: who gets them, who may use what, and that nothing is counted twice or lost.

mod attempts;
mod authorize;
<<<<<<< HEAD
mod clock;
mod core;
mod crash;
mod families;
mod histories;
=======
mod events;
>>>>>>> main
pub mod market;
mod races;
mod vouchers;
