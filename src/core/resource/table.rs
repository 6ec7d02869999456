//! A resource's names, its place among the others, and the columns that decide who may see it.

use uuid::Uuid;

/// What is known of a resource without its fields.
#[derive(Debug)]
pub struct Table {
    /// The singular: the key that wraps bodies, and the `resource_type` of events.
    pub name: &'static str,
    /// The plural: the table, and the name in permissions unless that is another.
    pub plural: &'static str,
    /// The name in permissions, where it is another.
    pub permission: Option<&'static str>,
    /// The path of the collection, with a `{…}` for each id of what it is nested in.
    pub path: &'static str,
    /// Another path of the collection, that of all there are whatever they are nested in.
    pub flat: Option<&'static str>,
    /// What it is part of.
    pub parent: Option<Parent>,
    /// What else it is part of, where it joins two things.
    pub partner: Option<Parent>,
    /// The column with the id of the user whom it belongs to.
    pub owner: Option<&'static str>,
    /// The column with the id of the group that it is for.
    pub group: Option<&'static str>,
    /// The column with the id of the platform that it is on.
    pub platform: Option<&'static str>,
    /// What a change of it means for who may do what.
    pub decides: Decides,
    /// The instants that must have passed for it to be public.
    pub published: &'static [&'static str],
    /// The column that indexes are sorted by unless asked otherwise.
    pub sort: &'static str,
    /// The columns that the parameter `text` searches.
    pub search: &'static [&'static str],
}

/// What a change of a resource means for who may do what. Nothing remembered of that holds afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decides {
    /// Nothing.
    Nothing,
    /// Whether somebody is who they say: once it has been made, for a new one concerns nobody who was there before.
    WhoSignsIn,
    /// Who may do what, or is there at all.
    Rights,
}

/// The resource that another is part of.
#[derive(Debug)]
pub struct Parent {
    /// Its table.
    pub table: &'static Table,
    /// The child's column with the parent's id.
    pub column: &'static str,
}

/// A column that refers to another resource.
#[derive(Debug)]
pub struct Reference {
    /// The column.
    pub column: &'static str,
    /// What it refers to.
    pub table: &'static Table,
}

impl Table {
    /// A resource that stands alone and belongs to nobody: what declarations start from.
    pub const PLAIN: Self = Self {
        name: "",
        plural: "",
        permission: None,
        path: "",
        flat: None,
        parent: None,
        partner: None,
        owner: None,
        group: None,
        platform: None,
        decides: Decides::Nothing,
        published: &[],
        sort: "created_at",
        search: &[],
    };

    /// The name in permissions.
    pub fn permission(&self) -> &'static str {
        self.permission.unwrap_or(self.plural)
    }

    /// The name of its type: `product_license` is `ProductLicense`.
    pub fn type_name(&self) -> String {
        let capital = |word: &str| {
            word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>()
        };
        self.name.split('_').map(capital).collect()
    }

    /// One of them, in words: `a product license`, `an interface`.
    pub fn one(&self) -> String {
        let vowel = self.name.starts_with(['a', 'e', 'i', 'o']);
        format!("{} {}", if vowel { "an" } else { "a" }, self.name.replace('_', " "))
    }

    /// The collection's path under these ancestors, outermost first.
    pub fn path_under(&self, ancestors: &[Uuid]) -> String {
        let mut path = String::with_capacity(self.path.len() + 40 * ancestors.len());
        let mut ids = ancestors.iter();
        for segment in self.path.split('/').skip(1) {
            path.push('/');
            match ids.as_slice().first().filter(|_| segment.starts_with('{')) {
                Some(id) => {
                    path.push_str(&id.to_string());
                    ids.next();
                }
                None => path.push_str(segment),
            }
        }
        path
    }
}
