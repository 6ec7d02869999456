//! The resources of the marketplace, one file each: fields with their rules, relations, and what is particular to it.
//! To add one: declare it in a file here, list it in [`each_resource!`](crate::each_resource), add its table in a
//! migration, its rules in `access/policy.rs` and its verbs in `access/permissions.rs`. Routes, filters, search and the
//! API's description follow.

mod badge;
mod build;
mod configuration;
mod dependency;
mod exposure;
mod interface;
mod license;
mod parameter;
mod product;
mod product_license;
mod role;
mod task;
mod user;

pub use badge::Badge;
pub use build::{Build, Package};
pub use configuration::Configuration;
pub use dependency::Dependency;
pub use exposure::Exposure;
pub use interface::Interface;
pub use license::{Expiry, License};
pub use parameter::Parameter;
pub use product::Product;
pub use product_license::ProductLicense;
pub use role::Role;
pub use task::{DEFAULT_MEMORY, Task, Variable};
pub use user::User;

/// Calls a macro with the type of every resource: `each_resource!(handle)` makes `handle!(License, Product, …)`.
#[macro_export]
macro_rules! each_resource {
    ($handle:ident) => {
        $handle!(
            Badge,
            Build,
            Configuration,
            Dependency,
            Exposure,
            Interface,
            License,
            Parameter,
            Product,
            ProductLicense,
            Role,
            Task,
            User
        )
    };
}
