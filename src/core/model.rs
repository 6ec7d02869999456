//! The resources of the marketplace, one file each: fields with their rules, relations, and what is particular to it.
//! To add one: declare it in a file here, list it in [`each_resource!`](crate::each_resource), add its table in a
//! migration, its rules in `access/policy.rs` and its verbs in `access/permissions.rs`. Routes, filters, search and the
//! API's description follow.

mod appointment;
mod attempt;
mod audit_event;
mod badge;
mod build;
mod claim;
mod configuration;
mod dependency;
mod entitlement;
mod exposure;
mod facets;
mod group;
mod identity;
mod identity_provider;
mod instance;
mod interface;
mod license;
mod logo;
mod member;
mod parameter;
mod party;
mod period;
mod platform;
mod product;
mod product_license;
mod publisher_key;
mod review;
mod role;
mod screenshot;
mod sub_product;
mod surrogate;
mod task;
mod token;
mod user;
mod voucher;

pub use appointment::Appointment;
pub use attempt::{Attempt, Outcome};
pub use audit_event::AuditEvent;
pub use badge::Badge;
pub use build::{Build, BuildState, Package};
pub use claim::Claim;
pub use configuration::Configuration;
pub use dependency::Dependency;
pub use entitlement::Entitlement;
pub use exposure::Exposure;
pub use facets::Facets;
pub use group::Group;
pub use identity::Identity;
pub use identity_provider::IdentityProvider;
pub use instance::{Instance, InstanceState, Updates, Wanted};
pub use interface::Interface;
pub use license::{Expiry, License};
pub use logo::Logo;
pub use member::Member;
pub use parameter::Parameter;
pub use party::PartyType;
pub use platform::{Platform, PlatformState};
pub use product::Product;
pub use product_license::ProductLicense;
pub use publisher_key::{PublisherKey, Signer};
pub use review::{Review, ReviewedBuild, Verdict};
pub use role::Role;
pub use screenshot::Screenshot;
pub use sub_product::SubProduct;
pub use surrogate::Surrogate;
pub use task::{DEFAULT_MEMORY, Task, Variable};
pub use token::Token;
pub use user::User;
pub use voucher::Voucher;

/// Calls a macro with the type of every resource: `each_resource!(handle)` makes `handle!(License, Product, …)`.
#[macro_export]
macro_rules! each_resource {
    ($handle:ident) => {
        $handle!(
            Appointment,
            Attempt,
            Badge,
            Build,
            Claim,
            Configuration,
            Dependency,
            Entitlement,
            Exposure,
            Group,
            Identity,
            IdentityProvider,
            Instance,
            Interface,
            License,
            Logo,
            Member,
            Parameter,
            Platform,
            Product,
            ProductLicense,
            PublisherKey,
            Role,
            Screenshot,
            SubProduct,
            Surrogate,
            Task,
            Token,
            User,
            Voucher
        )
    };
}
