//! The policy: what callers may do without a permission from a role. Whoever has the permission may do it to all.

use super::Verb::{self, Authorize, Create, Delete, Publish, Read, Update, Validate};
use Who::{Anyone, Platform, User};

/// About whom a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody, signed in or not.
    Anyone,
    /// Users.
    User,
    /// Platforms' agents.
    Platform,
}

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
    /// Those that belong to the caller or are part of what does, where the operator lets owners publish.
    SelfPublished,
    /// Those of the platform that asks.
    OfPlatform,
    /// The user whose platform asks.
    OwnerOfPlatform,
    /// Those whose parent the caller may do this with.
    Parent(Verb),
    /// Those that are published and whose parent the caller may read.
    PublishedInParent,
}

/// One rule: these may do this with this resource when this holds.
#[derive(Debug)]
pub struct Rule {
    /// Who.
    pub who: Who,
    /// The plural name of the resource.
    pub resource: &'static str,
    /// What is allowed.
    pub verbs: &'static [Verb],
    /// When.
    pub when: When,
}

const fn allow(who: Who, resource: &'static str, verbs: &'static [Verb], when: When) -> Rule {
    Rule { who, resource, verbs, when }
}

const ALL: &[Verb] = &[Create, Read, Update, Delete];

/// Everything that needs no permission. What is not here is denied.
pub const POLICY: &[Rule] = &[
    allow(Anyone, "badges", &[Read], When::Always),
    allow(Anyone, "interfaces", &[Read], When::Always),
    allow(Anyone, "licenses", &[Read], When::Always),
    allow(Anyone, "products", &[Read], When::Published),
    allow(User, "products", &[Read, Update], When::Own),
    allow(User, "products", &[Publish], When::SelfPublished),
    allow(Anyone, "product_licenses", &[Read], When::Parent(Read)),
    allow(User, "product_licenses", ALL, When::Parent(Update)),
    allow(Anyone, "screenshots", &[Read], When::Parent(Read)),
    allow(User, "screenshots", ALL, When::Parent(Update)),
    allow(Anyone, "logos", &[Read], When::Parent(Read)),
    allow(User, "logos", ALL, When::Parent(Update)),
    allow(Anyone, "builds", &[Read], When::PublishedInParent),
    allow(User, "builds", ALL, When::Parent(Update)),
    allow(User, "builds", &[Publish], When::SelfPublished),
    // Whoever works on a build sees who decided what of it, and so do those who decide.
    allow(User, "reviews", &[Read], When::Parent(Update)),
    allow(User, "reviews", &[Read], When::Parent(Publish)),
    allow(User, "reviews", &[Read], When::Parent(Validate)),
    allow(Anyone, "configurations", &[Read], When::Parent(Read)),
    allow(User, "configurations", ALL, When::Parent(Update)),
    allow(Anyone, "tasks", &[Read], When::Parent(Read)),
    allow(User, "tasks", ALL, When::Parent(Update)),
    allow(Anyone, "dependencies", &[Read], When::Parent(Read)),
    allow(User, "dependencies", ALL, When::Parent(Update)),
    allow(Anyone, "exposures", &[Read], When::Parent(Read)),
    allow(User, "exposures", ALL, When::Parent(Update)),
    allow(Anyone, "parameters", &[Read], When::Parent(Read)),
    allow(User, "parameters", ALL, When::Parent(Update)),
    allow(Anyone, "surrogates", &[Read], When::Always),
    // To join products takes a right to both: whoever has the one is given the other.
    allow(Anyone, "sub_products", &[Read], When::Parent(Read)),
    allow(User, "sub_products", ALL, When::Parent(Update)),
    allow(User, "users", &[Read, Update], When::Own),
    // Whether they may use a product.
    allow(User, "users", &[Authorize], When::Own),
    allow(User, "groups", &[Authorize], When::Member),
    allow(Platform, "users", &[Authorize], When::OwnerOfPlatform),
    allow(User, "identities", &[Read, Delete], When::Own),
    allow(User, "tokens", ALL, When::Own),
    allow(User, "platforms", ALL, When::Own),
    allow(User, "publisher_keys", ALL, When::Own),
    allow(Platform, "platforms", &[Read], When::OfPlatform),
    allow(User, "instances", ALL, When::InOwn),
    allow(Platform, "instances", &[Read], When::OfPlatform),
    allow(User, "groups", &[Read], When::Member),
    allow(Anyone, "identity_providers", &[Read], When::Published),
    // Vendors hand out rights to what is theirs; a role that keeps products does not.
    allow(User, "entitlements", &[Read], When::Own),
    allow(User, "entitlements", ALL, When::InOwn),
    allow(User, "vouchers", &[Read], When::Own),
    allow(User, "vouchers", ALL, When::InOwn),
    allow(User, "claims", &[Read], When::Own),
    allow(User, "claims", &[Read], When::Member),
    allow(User, "claims", &[Create, Read], When::InOwn),
    allow(User, "attempts", &[Read], When::Own),
];
