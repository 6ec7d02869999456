//! The nouns of the command line: one for each resource, with what is known of it.

use std::sync::LazyLock;

use crate::core::field::Shape;
use crate::core::files::FileKind;
use crate::core::model;
use crate::core::resource::{FieldInfo, Mode, Reference, Resource, Table};
use crate::each_resource;

/// A resource, as the command line knows it.
#[derive(Debug)]
pub struct Noun {
    /// What people call it.
    pub name: String,
    /// What it is, in a sentence without its full stop.
    pub about: &'static str,
    pub table: &'static Table,
    pub fields: &'static [FieldInfo],
    /// The files that it takes, by their fields.
    pub files: &'static [(&'static str, FileKind)],
    aliases: &'static [(&'static str, &'static str)],
    references: &'static [Reference],
    filters: &'static [(&'static str, Shape, &'static str)],
}

/// What can be done with a resource beyond the common verbs.
#[derive(Debug)]
pub struct Deed {
    resource: &'static str,
    pub verb: &'static str,
    pub about: &'static str,
    /// Whether it can be said why.
    pub takes_reason: bool,
}

const fn deed(resource: &'static str, verb: &'static str, about: &'static str) -> Deed {
    Deed { resource, verb, about, takes_reason: false }
}

const DEEDS: &[Deed] = &[
    deed("product", "publish", "Publish one, so that everybody sees it"),
    deed("product", "unpublish", "Withdraw one from the public"),
    deed("build", "publish", "Publish one: from then on its content is fixed"),
    deed("build", "submit", "Hand one in for review"),
    deed("build", "validate", "Vouch for one"),
    Deed {
        takes_reason: true,
        ..deed("build", "yank", "Withdraw one from new deployments; those that run it keep it")
    },
    deed("identity_provider", "enable", "Let people sign in with one"),
    deed("identity_provider", "disable", "Let people no longer sign in with one"),
    deed("publisher_key", "revoke", "Have one sign nothing new; what it signed stays"),
    deed("token", "rotate", "Replace the secret of one; the old one ends at once"),
];

/// The fields that people tell records apart by, where a resource has one of them.
const NAMES: [&str; 4] = ["name", "version", "caption", "code"];

/// The fields of every resource, which filters take too.
const COMMON: [&str; 3] = ["id", "created_at", "updated_at"];

macro_rules! nouns {
    ($($resource:ident),+) => { vec![$(Noun::of::<model::$resource>()),+] };
}

static NOUNS: LazyLock<Vec<Noun>> = LazyLock::new(|| {
    let mut nouns: Vec<Noun> = each_resource!(nouns);
    nouns.sort_by(|a, b| a.name.cmp(&b.name));
    nouns
});

impl Noun {
    /// The noun of a resource.
    pub fn of<R: Resource>() -> Self {
        let name = match R::TABLE.name {
            "identity_provider" => "idp".to_owned(),
            "product_license" => "offer".to_owned(),
            name => name.replace('_', "-"),
        };
        Self {
            name,
            about: R::ABOUT.trim().split(". ").next().unwrap_or_default().trim_end_matches('.'),
            table: const { &R::TABLE },
            fields: R::FIELDS,
            files: R::FILES,
            aliases: R::ALIASES,
            references: R::REFERENCES,
            filters: R::FILTERS,
        }
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &NOUNS
    }

    /// The noun that people call so.
    pub fn named(name: &str) -> Option<&'static Self> {
        NOUNS.iter().find(|noun| noun.name == name)
    }

    /// The noun of the resource of this name.
    pub fn of_resource(name: &str) -> Option<&'static Self> {
        NOUNS.iter().find(|noun| noun.table.name == name)
    }

    /// Whether it is the tokens: they have a secret that is told once, and verbs to say the usual in fewer words.
    pub fn is_token(&self) -> bool {
        self.table.name == model::Token::TABLE.name
    }

    /// One of them, in words.
    pub fn kind(&self) -> String {
        self.table.name.replace('_', " ")
    }

    /// Several of them, in words.
    pub fn plural(&self) -> String {
        self.table.plural.replace('_', " ")
    }

    /// What it is nested in, outermost first.
    pub fn ancestors(&self) -> Vec<&'static Self> {
        let depth = self.table.path.matches('{').count();
        let above = std::iter::successors(self.table.parent.as_ref(), |parent| parent.table.parent.as_ref());
        let mut nouns: Vec<_> = above.take(depth).filter_map(|parent| Self::of_resource(parent.table.name)).collect();
        nouns.reverse();
        nouns
    }

    /// The path of all there are, whatever they are nested in, if there is one.
    pub fn flat_path(&self) -> Option<&'static str> {
        self.table.flat.or_else(|| (!self.table.path.contains('{')).then_some(self.table.path))
    }

    /// What can be done with it beyond the common verbs.
    pub fn deeds(&self) -> impl Iterator<Item = &'static Deed> {
        DEEDS.iter().filter(|deed| deed.resource == self.table.name)
    }

    /// The field that people tell its records apart by.
    pub fn name_field(&self) -> Option<&'static str> {
        NAMES.into_iter().find(|name| self.fields.iter().any(|field| field.name == *name))
    }

    /// How an argument that names one is written.
    pub fn placeholder(&self) -> String {
        self.name_field().map_or_else(|| "ID".to_owned(), |name| format!("{}|ID", name.to_uppercase()))
    }

    /// The field of this name, or of this other name for it.
    pub fn field(&self, name: &str) -> Option<&'static FieldInfo> {
        let name = self.aliases.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| ours);
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that clients set: at creation, or later.
    pub fn settable(&self, creating: bool) -> impl Iterator<Item = &'static FieldInfo> + '_ {
        self.fields.iter().filter(move |field| match field.mode {
            Mode::Open => true,
            Mode::Fixed => creating && self.place() != Some(field.name),
            Mode::Server => false,
        })
    }

    /// Whether anything of it can be changed.
    pub fn can_change(&self) -> bool {
        !self.files.is_empty() || self.settable(false).next().is_some()
    }

    /// The field that flags for what it is nested in always tell.
    pub fn place(&self) -> Option<&'static str> {
        self.table.parent.as_ref().filter(|_| self.flat_path().is_none()).map(|parent| parent.column)
    }

    /// What indexes can be filtered by.
    pub fn filterable(&self) -> impl Iterator<Item = &'static str> {
        let plain = |field: &&FieldInfo| !field.hidden && !matches!(field.shape, Shape::Object | Shape::List);
        let fields = self.fields.iter().filter(plain).map(|field| field.name);
        let aliases = self.aliases.iter().map(|(theirs, _)| *theirs);
        fields.chain(self.filters.iter().map(|(name, ..)| *name)).chain(COMMON).chain(aliases)
    }

    /// What the ids in a column are ids of; `kind` tells the value of the column beside it that says so where it may be
    /// one thing or another, as `entity_type` does for `entity_id`.
    pub fn referred(&self, column: &str, kind: impl Fn(&str) -> Option<String>) -> Option<&'static Self> {
        let declared = self.references.iter().find(|reference| reference.column == column);
        if let Some(reference) = declared {
            return Self::of_resource(reference.table.name);
        }
        let stem = column.strip_suffix("_id")?;
        let kind = kind(&format!("{stem}_type")).map(|kind| kind.to_lowercase());
        Self::of_resource(kind.as_deref().unwrap_or(stem))
    }
}
