//! Who may do what, told a second time: a table after the specification's, and a few sentences about how rights come down
//! from what a thing is part of. Nothing here asks the code under test.

use serde_json::Value;

use super::people::Person;

/// Whom a thing is shown to who has nothing to do with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Everybody.
    Always,
    /// Everybody, once it is published. A permission to read it does not show it before; one to work on it does.
    Published,
    /// Whoever sees what it is part of, once it is published itself where it can be.
    WithParents,
    /// Nobody.
    Never,
}

/// What is to be known of a kind of thing.
pub struct Kind {
    pub name: &'static str,
    /// The resource, as permissions name it.
    pub resource: &'static str,
    /// The last part of its collection's path, which is nested in that of the kind named here.
    pub path: &'static str,
    pub under: &'static str,
    /// Another path of the collection.
    pub flat: &'static str,
    /// The fields that name what it is part of, where the path does not, with their kinds.
    pub part_of: &'static [(&'static str, &'static str)],
    pub shown: Shown,
    /// Whether whoever may change what it is part of may do everything with it.
    pub kept_with_parents: bool,
    /// What the owner of the root that it hangs on may.
    pub owner: &'static [&'static str],
    /// What those may whom it is for.
    pub holder: &'static [&'static str],
}

const ALL: &[&str] = &["create", "read", "update", "delete"];

const PLAIN: Kind = Kind {
    name: "",
    resource: "",
    path: "",
    under: "",
    flat: "",
    part_of: &[],
    shown: Shown::Never,
    kept_with_parents: false,
    owner: &[],
    holder: &[],
};

/// What everybody sees.
const fn open(name: &'static str, resource: &'static str) -> Kind {
    Kind { name, resource, path: resource, shown: Shown::Always, ..PLAIN }
}

/// What is part of a product and comes and goes with it.
const fn part(name: &'static str, resource: &'static str, path: &'static str, under: &'static str) -> Kind {
    Kind { name, resource, path, under, shown: Shown::WithParents, kept_with_parents: true, ..PLAIN }
}

/// What only permissions show.
const fn closed(name: &'static str, resource: &'static str, under: &'static str) -> Kind {
    Kind { name, resource, path: resource, under, ..PLAIN }
}

/// Every kind of thing, those that others are part of first.
pub const KINDS: &[Kind] = &[
    open("license", "licenses"),
    open("interface", "interfaces"),
    open("badge", "badges"),
    Kind { under: "interface", ..open("surrogate", "surrogates") },
    Kind { shown: Shown::Published, owner: &["read", "update"], ..closed("product", "products", "") },
    part("product_license", "product_licenses", "licenses", "product"),
    part("screenshot", "screenshots", "screenshots", "product"),
    part("logo", "logos", "logos", "product"),
    part("build", "builds", "builds", "product"),
    part("configuration", "configurations", "configurations", "build"),
    part("task", "tasks", "tasks", "configuration"),
    part("dependency", "dependencies", "dependencies", "build"),
    part("exposure", "exposures", "exposures", "build"),
    part("parameter", "parameters", "parameters", "exposure"),
    Kind {
        part_of: &[("parent_id", "product"), ("child_id", "product")],
        ..part("sub_product", "sub_products", "sub_products", "")
    },
    Kind { owner: &["read", "update"], ..closed("user", "users", "") },
    Kind { owner: &["read", "delete"], ..closed("identity", "identities", "user") },
    Kind { owner: ALL, ..closed("token", "tokens", "user") },
    Kind { owner: ALL, holder: &["read"], flat: "/platforms", ..closed("platform", "platforms", "user") },
    Kind { owner: ALL, ..closed("publisher_key", "publisher_keys", "user") },
    Kind { owner: ALL, holder: &["read"], ..closed("instance", "instances", "platform") },
    Kind { holder: &["read"], ..closed("group", "groups", "") },
    closed("member", "members", "group"),
    closed("role", "roles", ""),
    closed("appointment", "appointments", "role"),
    Kind { shown: Shown::Published, ..closed("identity_provider", "identity_providers", "") },
    Kind {
        part_of: &[("product_license_id", "product_license")],
        owner: ALL,
        holder: &["read"],
        ..closed("entitlement", "entitlements", "")
    },
    Kind {
        part_of: &[("product_license_id", "product_license")],
        owner: ALL,
        holder: &["read"],
        ..closed("voucher", "vouchers", "")
    },
    Kind { owner: &["create", "read"], holder: &["read"], flat: "/claims", ..closed("claim", "claims", "entitlement") },
    Kind { holder: &["read"], ..closed("attempt", "attempts", "") },
    Kind { part_of: &[("build_id", "build")], ..closed("review", "reviews", "") },
    Kind { path: "audit_events", ..closed("audit_event", "audit", "") },
];

/// A record, with what bears on who may do what with it.
pub struct Thing {
    pub kind: &'static Kind,
    pub path: String,
    pub id: String,
    /// What an administrator sees of it.
    pub value: Value,
    /// The places among all things of what it is part of.
    pub above: Vec<usize>,
    /// Whether it is published, where it can be.
    pub published: bool,
    /// The user at the root of it.
    pub owner: Option<String>,
    /// The users and platforms that it is for.
    pub holders: Vec<String>,
}

impl Thing {
    /// Its collection.
    pub fn collection(&self) -> &str {
        self.path.rsplit_once('/').unwrap().0
    }

    /// The kinds that take more than a permission to read to be seen before they are published.
    fn is_drafted(&self) -> bool {
        matches!(self.kind.name, "product" | "build" | "identity_provider")
    }
}

/// What comes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It is as if the thing were not there.
    Hidden,
    /// It takes somebody who is signed in.
    Unknown,
    /// It takes a permission.
    LacksPermission,
    /// It takes a token for it.
    LacksScope,
}

/// All things there are.
pub struct Things(pub Vec<Thing>);

impl Things {
    /// What somebody may do with a thing by whatever right, their token used for what it is for. For all else they are a
    /// stranger.
    pub fn may(&self, person: &Person, verb: &str, thing: &Thing) -> bool {
        if verb == "reject" {
            return ["validate", "publish"].iter().any(|verb| self.may(person, verb, thing));
        }
        if person.covers(thing.kind.resource, verb) {
            self.entitled(person, verb, thing)
        } else {
            self.entitled(&Person::default(), verb, thing)
        }
    }

    /// The same, whatever their token is for.
    fn entitled(&self, person: &Person, verb: &str, thing: &Thing) -> bool {
        let kind = thing.kind;
        let shown = || match kind.shown {
            Shown::Always => true,
            Shown::Published => thing.published,
            Shown::WithParents => {
                thing.published && self.all_above(thing, |above| self.entitled(person, "read", above))
            }
            Shown::Never => false,
        };
        let is = |id: &String| Some(id) == person.user.as_ref() || Some(id) == person.platform.as_ref();
        permitted(person, verb, thing)
            || verb == "read" && shown()
            || kind.name == "review" && verb == "read" && self.decides(person, thing)
            || kind.kept_with_parents
                && ALL.contains(&verb)
                && self.all_above(thing, |above| self.entitled(person, "update", above))
            || kind.owner.contains(&verb) && thing.owner.iter().any(is)
            || kind.holder.contains(&verb) && thing.holders.iter().any(is)
    }

    /// Whether somebody who wants to do this with what is in a thing gets as far as the thing: to read it needs no scope of
    /// its own then.
    pub fn opens(&self, person: &Person, verb: &str, kind: &Kind, parent: &Thing) -> bool {
        let covered = person.covers(kind.resource, verb);
        if covered { self.entitled(person, "read", parent) } else { self.may(person, "read", parent) }
    }

    /// Whether somebody works on what a thing is part of, or decides what becomes of it.
    fn decides(&self, person: &Person, thing: &Thing) -> bool {
        let may = |verb: &&str| self.all_above(thing, |above| self.entitled(person, verb, above));
        ["update", "publish", "validate"].iter().any(may)
    }

    fn all_above(&self, thing: &Thing, holds: impl Fn(&Thing) -> bool) -> bool {
        thing.above.iter().all(|above| holds(&self.0[*above]))
    }

    /// What comes of an attempt to do something with a thing that is there, or to create one such as it.
    pub fn outcome(&self, person: &Person, verb: &str, thing: &Thing) -> Outcome {
        let visible = match verb {
            // What is nested needs a parent that is seen.
            "create" if thing.kind.under.is_empty() => true,
            "create" => self.all_above(thing, |above| self.opens(person, "create", thing.kind, above)),
            _ => self.may(person, "read", thing),
        };
        match verb {
            "read" if !visible => Outcome::Hidden,
            "read" => Outcome::Done,
            _ if person.token.is_none() => Outcome::Unknown,
            _ if !visible => Outcome::Hidden,
            _ if self.may(person, verb, thing) => Outcome::Done,
            _ if person.covers(thing.kind.resource, asked(verb)) => Outcome::LacksPermission,
            _ => Outcome::LacksScope,
        }
    }
}

/// The verb that somebody is told to lack who may not do this.
pub fn asked(verb: &str) -> &str {
    if verb == "reject" { "validate" } else { verb }
}

/// Whether a role permits this. To read what is published takes no permission, and to read it before takes one to work
/// on it.
fn permitted(person: &Person, verb: &str, thing: &Thing) -> bool {
    let works = |verb: &&str| person.permits(thing.kind.resource, verb);
    if verb == "read" && thing.is_drafted() {
        return ["update", "publish", "validate"].iter().any(works);
    }
    works(&verb)
}
