//! Who may do what. The rules are one table in [`policy`]; they are asked in SQL, so that what a caller may not read
//! is never fetched, counted or paged.

pub mod administrator;
mod caller;
mod escalation;
mod permissions;
pub mod policy;
mod scope;
mod scopes;

pub use caller::{Actor, Caller, Credential, Principal};
pub use escalation::{require_no_more_than_own, require_no_more_than_user, require_no_more_than_users_of};
pub use permissions::{Permissions, Verb};
pub use scope::{push_creation, push_scope, reads_all};
pub use scopes::Scopes;
