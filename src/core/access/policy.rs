//! The policy: what callers may do without a permission from a role. Whoever has the permission may do it to all.

use super::Verb::{self, Create, Delete, Read, Update};

/// To which records a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// All of them, whoever asks.
    Always,
    /// Those whose instants of publication have passed, whoever asks.
    Published,
    /// Those that belong to the caller.
    Own,
    /// Those in something that belongs to the caller, whatever roles permit with it.
    InOwn,
    /// Those for a group that the caller is a member of.
    Member,
    /// Those whose parent the caller may do this with.
    Parent(Verb),
    /// Those that are published and whose parent the caller may read.
    PublishedInParent,
}

/// One rule: these verbs on this resource are allowed when this holds.
#[derive(Debug)]
pub struct Rule {
    /// The plural name of the resource.
    pub resource: &'static str,
    /// What is allowed.
    pub verbs: &'static [Verb],
    /// When.
    pub when: When,
}

const fn allow(resource: &'static str, verbs: &'static [Verb], when: When) -> Rule {
    Rule { resource, verbs, when }
}

const ALL: &[Verb] = &[Create, Read, Update, Delete];

/// Everything that needs no permission. What is not here is denied.
pub const POLICY: &[Rule] = &[
    allow("badges", &[Read], When::Always),
    allow("interfaces", &[Read], When::Always),
    allow("licenses", &[Read], When::Always),
    allow("products", &[Read], When::Published),
    allow("products", &[Read, Update], When::Own),
    allow("product_licenses", &[Read], When::Parent(Read)),
    allow("product_licenses", ALL, When::Parent(Update)),
    allow("screenshots", &[Read], When::Parent(Read)),
    allow("screenshots", ALL, When::Parent(Update)),
    allow("logos", &[Read], When::Parent(Read)),
    allow("logos", ALL, When::Parent(Update)),
    allow("builds", &[Read], When::PublishedInParent),
    allow("builds", ALL, When::Parent(Update)),
    allow("configurations", &[Read], When::Parent(Read)),
    allow("configurations", ALL, When::Parent(Update)),
    allow("tasks", &[Read], When::Parent(Read)),
    allow("tasks", ALL, When::Parent(Update)),
    allow("dependencies", &[Read], When::Parent(Read)),
    allow("dependencies", ALL, When::Parent(Update)),
    allow("exposures", &[Read], When::Parent(Read)),
    allow("exposures", ALL, When::Parent(Update)),
    allow("parameters", &[Read], When::Parent(Read)),
    allow("parameters", ALL, When::Parent(Update)),
    allow("surrogates", &[Read], When::Always),
    // To join products takes a right to both: whoever has the one is given the other.
    allow("sub_products", &[Read], When::Parent(Read)),
    allow("sub_products", ALL, When::Parent(Update)),
    allow("users", &[Read, Update], When::Own),
    allow("identities", &[Read, Delete], When::Own),
    allow("tokens", ALL, When::Own),
    allow("platforms", ALL, When::Own),
    allow("instances", ALL, When::InOwn),
    allow("groups", &[Read], When::Member),
    allow("identity_providers", &[Read], When::Published),
    // Vendors hand out rights to what is theirs; a role that keeps products does not.
    allow("entitlements", &[Read], When::Own),
    allow("entitlements", ALL, When::InOwn),
    allow("vouchers", &[Read], When::Own),
    allow("vouchers", ALL, When::InOwn),
    allow("claims", &[Read], When::Own),
    allow("claims", &[Read], When::Member),
    allow("claims", &[Create, Read], When::InOwn),
    allow("attempts", &[Read], When::Own),
];
