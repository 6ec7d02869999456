//! Records as they are answered: with their address, and without what the caller may not see of them.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Record, Resource};
use crate::core::access::{Caller, Verb};
use crate::core::db::Arg;

/// A record together with where it is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<R> {
    /// The record itself.
    pub record: R,
    /// Its address, relative to the marketplace's root.
    pub path: String,
    /// Its absolute address, where the record has no `url` of its own.
    pub address: Option<String>,
    /// The only fields that are answered, where not all are.
    only: Option<&'static [&'static str]>,
}

impl<R: Resource> Located<R> {
    /// Finds out where a record is, given the ids of what it is nested in, outermost first; none where it was found
    /// whatever it is nested in.
    pub fn new(record: R, caller: &Caller, ancestors: &[Uuid]) -> Self {
        let parent = if ancestors.is_empty() { parent_of(&record) } else { None };
        let path = match parent.as_slice() {
            [] => R::TABLE.path_under(ancestors),
            parent => R::TABLE.path_under(parent),
        };
        let path = format!("{path}/{}", record.id());
        let address = (!has_own_url::<R>()).then(|| format!("{}{path}", caller.origin));
        Self { record, path, address, only: shown::<R>(caller) }
    }

    /// The same with all its fields: for whoever has just written them.
    pub(super) fn whole(self) -> Self {
        Self { only: None, ..self }
    }
}

fn has_own_url<R: Record>() -> bool {
    R::FIELDS.iter().any(|field| field.name == "url")
}

/// The only fields of an `R` that a caller is shown, where it is not all.
pub(super) fn shown<R: Resource>(caller: &Caller) -> Option<&'static [&'static str]> {
    let all = R::SAFE.is_empty() || caller.permits(R::TABLE.permission(), Verb::Update);
    (!all).then_some(R::SAFE)
}

/// The id of what a record is nested in, where its path tells it.
fn parent_of<R: Resource>(record: &R) -> Option<Uuid> {
    let parent = R::TABLE.parent.as_ref().filter(|_| R::TABLE.path.contains('{'))?;
    id_in(record, parent.column)
}

/// The id that a column of a row holds.
pub(super) fn id_in<R: Record>(row: &R, column: &str) -> Option<Uuid> {
    if column == "id" {
        return Some(row.id());
    }
    match value_in(row, column) {
        Some(Arg::Uuid(id)) => id,
        _ => None,
    }
}

/// What a column of a row holds.
pub(super) fn value_in<R: Record>(row: &R, column: &str) -> Option<Arg> {
    let place = R::FIELDS.iter().position(|field| field.name == column)?;
    row.values().into_iter().nth(place + 1)
}

impl<R: Serialize> Serialize for Located<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a, R> {
            #[serde(flatten)]
            record: &'a R,
            path: &'a str,
            #[serde(rename = "url", skip_serializing_if = "Option::is_none")]
            address: &'a Option<String>,
        }
        let whole = Whole { record: &self.record, path: &self.path, address: &self.address };
        let Some(only) = self.only else { return whole.serialize(serializer) };
        let fields: Map<String, Value> = serde_json::to_value(whole)
            .ok()
            .and_then(|value| value.as_object().cloned())
            .ok_or_else(|| serde::ser::Error::custom("a record is not an object"))?;
        let shown = fields.iter().filter(|(name, _)| only.contains(&name.as_str()));
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in shown {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, R: Record> Deserialize<'de> for Located<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Value::deserialize(deserializer)?;
        let text = |name: &str| fields[name].as_str().map(str::to_owned);
        let address = if has_own_url::<R>() { None } else { text("url") };
        let path = text("path").unwrap_or_default();
        let record = serde_json::from_value(fields).map_err(serde::de::Error::custom)?;
        Ok(Self { record, path, address, only: None })
    }
}
