//! The parameters of an index: page, order, filters, search.

use super::cursor::{Cursor, unreadable};
use super::filter::Filter;
use super::located::shown;
use super::order::Order;
use super::{FieldInfo, Resource, search};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Hits;
use crate::core::field::Shape;
use crate::core::id::Id;
use crate::core::{Error, Result};
use xxhash_rust::xxh3::xxh3_64;

const DEFAULT_PER_PAGE: i64 = 10;
const MAX_PER_PAGE: i64 = 1000;
const MAX_FILTERS: usize = 20;

/// The fields that every resource has besides its own.
const COMMON: &[FieldInfo] = &[
    FieldInfo::common::<Id<()>>("id", "Its id."),
    FieldInfo::common::<Timestamp>("created_at", "When it was made."),
    FieldInfo::common::<Timestamp>("updated_at", "When it last changed."),
];

/// What an index is asked for. Parameters that no resource knows are ignored, as unknown fields are.
#[derive(Debug, Clone)]
pub struct Query {
    /// The page, from 1.
    pub page: i64,
    /// Entries on a page, 1 to 1000.
    pub per_page: i64,
    pub(super) order: Order,
    pub(super) cursor: Option<Cursor>,
    /// Whether hits of a search come by rank before all else.
    ranked: bool,
    text: Option<Vec<String>>,
    pub(super) filters: Vec<(Filter, String)>,
}

impl Query {
    /// Reads the parameters of an index of `R`.
    ///
    /// # Errors
    /// [`Kind::BadRequest`](crate::core::Kind::BadRequest), naming the parameter that does not hold.
    pub fn parse<R: Resource>(caller: &Caller, parameters: &[(String, String)]) -> Result<Self> {
        let mut query = Self {
            page: 1,
            per_page: DEFAULT_PER_PAGE,
            order: Order { field: field_of::<R>(caller, R::TABLE.sort).unwrap_or(&COMMON[0]), descending: false },
            cursor: None,
            ranked: true,
            text: None,
            filters: Vec::new(),
        };
        let given = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if given("page").is_some() && given("cursor").is_some_and(|cursor| !cursor.is_empty()) {
            return Err(Error::bad_request("The parameter cursor can't be given together with page."));
        }
        for (name, value) in parameters {
            if value.contains('\0') {
                return Err(Error::bad_request(format!("The parameter {name:?} must not contain NUL characters.")));
            }
            // Forms send blanks for what was left out.
            if value.trim_matches(',').is_empty() && !matches!(name.as_str(), "page" | "per_page") {
                continue;
            }
            let name = R::ALIASES.iter().find(|(theirs, _)| theirs == name).map_or(name.as_str(), |(_, ours)| ours);
            match name {
                "page" => query.page = number(name, value, i64::from(i32::MAX))?,
                "per_page" => query.per_page = number(name, value, MAX_PER_PAGE)?,
                "sort" => {
                    query.order.field = field_of::<R>(caller, value).ok_or_else(|| unknown_sort::<R>(caller, value))?;
                    query.ranked = false;
                }
                "order" => query.order.descending = descending(value)?,
                "cursor" => {}
                "text" if !R::TABLE.search.is_empty() => {
                    query.text = (!value.trim().is_empty()).then(|| search::query(value));
                }
                name => {
                    if let Some(filter) = R::FILTERS.iter().map(|(filter, ..)| *filter).find(|filter| *filter == name) {
                        query.filters.push((Filter::Named(filter), value.clone()));
                    } else if let Some(field) = field_of::<R>(caller, name) {
                        query.filters.push((Filter::Field(field), value.clone()));
                    }
                }
            }
        }
        if query.filters.len() > MAX_FILTERS {
            return Err(Error::bad_request(format!("An index takes at most {MAX_FILTERS} filters.")));
        }
        if let Some(cursor) = given("cursor").filter(|cursor| !cursor.is_empty()) {
            query.go_on_at(Cursor::read(cursor, query.sum(R::TABLE.plural))?)?;
        }
        Ok(query)
    }

    fn go_on_at(&mut self, cursor: Cursor) -> Result<()> {
        if cursor.rank >= self.ranks().len() || self.order.read_key(&cursor.key).is_none() {
            return Err(unreadable());
        }
        self.page = cursor.page;
        self.cursor = Some(cursor);
        Ok(())
    }

    /// The cursor behind a row of this page.
    pub(super) fn cursor_behind<R: Resource>(&self, rank: usize, row: &R) -> Result<String> {
        let (of, page, key) = (self.sum(R::TABLE.plural), self.page + 1, self.order.key_of(row));
        Cursor { of, page, rank, key, id: row.id() }.write()
    }

    /// A number for which rows are asked for in which order. It is the same on all servers.
    pub(super) fn sum(&self, table: &str) -> u64 {
        let filter = |(filter, value): &(Filter, String)| match filter {
            Filter::Field(field) | Filter::OneOf(field, _) => (field.name, value.clone()),
            Filter::Named(name) => (*name, value.clone()),
        };
        let filters: Vec<_> = self.filters.iter().map(filter).collect();
        let order = (self.order.field.name, self.order.descending, self.ranked);
        xxh3_64(format!("{:?}", (table, order, &self.text, filters)).as_bytes())
    }

    /// The same without a filter.
    pub fn without(&self, name: &str) -> Self {
        let is_it = |filter: &Filter| match filter {
            Filter::Field(field) | Filter::OneOf(field, _) => field.name == name,
            Filter::Named(own) => *own == name,
        };
        let filters = self.filters.iter().filter(|(filter, _)| !is_it(filter)).cloned().collect();
        Self { filters, ..self.clone() }
    }

    /// What a search finds, in ranks, the best first. Of an index without a search all rows are in one.
    pub(super) fn ranks(&self) -> Vec<Option<Hits>> {
        match &self.text {
            None => vec![None],
            // What has no word, such as a lone emoji, is nowhere to be found.
            Some(words) if words.is_empty() => Vec::new(),
            Some(words) if self.ranked => search::ranks(words).into_iter().map(Some).collect(),
            Some(words) => vec![Some(search::hits(words))],
        }
    }

    /// What all ranks find together: `None` is nothing, `Some(None)` everything.
    pub(super) fn hits(&self) -> Option<Option<Hits>> {
        match &self.text {
            None => Some(None),
            Some(words) if words.is_empty() => None,
            Some(words) => Some(Some(search::hits(words))),
        }
    }
}

fn number(name: &str, value: &str, maximum: i64) -> Result<i64> {
    let number = value.parse().ok().filter(|number| (1..=maximum).contains(number));
    number
        .ok_or_else(|| Error::bad_request(format!("The parameter {name} must be a whole number from 1 to {maximum}.")))
}

fn descending(value: &str) -> Result<bool> {
    match value {
        "ascending" | "asc" => Ok(false),
        "descending" | "desc" => Ok(true),
        _ => Err(Error::bad_request("The parameter order must be ascending or descending.")),
    }
}

/// A field that the caller may filter and sort by: one that can be seen.
fn field_of<R: Resource>(caller: &Caller, name: &str) -> Option<&'static FieldInfo> {
    R::FIELDS
        .iter()
        .chain(COMMON)
        .find(|field| field.name == name)
        .filter(|field| !field.hidden && !matches!(field.shape, Shape::Object | Shape::List))
        .filter(|field| shown::<R>(caller).is_none_or(|shown| shown.contains(&field.name)))
}

fn unknown_sort<R: Resource>(caller: &Caller, value: &str) -> Error {
    let fields: Vec<_> =
        R::FIELDS.iter().filter_map(|field| field_of::<R>(caller, field.name)).map(|field| field.name).collect();
    let value: String = value.chars().take(64).collect();
    Error::bad_request(format!(
        "The parameter sort names no field that can be sorted by: {value}. There are id, created_at, updated_at, {}.",
        fields.join(", ")
    ))
}
