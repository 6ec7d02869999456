//! The types of fields: each says how a value is read from a request, checked, stored and described, once.

pub(crate) mod choice;
mod code;
mod document;
mod hidden;
mod number;
mod schema;
mod text;

pub use code::VoucherCode;
pub use document::{Document, Object, Ports, Uuids, Words};
pub use hidden::Hashed;
pub use number::{Count, Natural, whole};
pub use schema::{Described, nullable as nullable_schema};
pub use text::{Email, HttpUrl, Line, Link, Locale, MimeType, Name, Prose, PublicKey, Remark, Schedule, Version};

use serde_json::Value;

use super::clock::Timestamp;
use super::db::Arg;
use super::id::Id;

/// What a field's values look like: decides how filters match it and how the API describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text of at most so many characters, in a format of JSON Schema's, or `""`.
    Text {
        /// The most characters.
        max: usize,
        /// `uri`, `email` … or none.
        format: &'static str,
    },
    /// A whole number from `minimum`.
    Integer {
        /// The least value.
        minimum: i64,
    },
    /// True or false.
    Boolean,
    /// An instant.
    Time,
    /// A UUID.
    Id,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A JSON object.
    Object,
    /// A JSON array.
    List,
}

/// A type that a resource's field may have.
pub trait Field: Sized {
    /// What its values look like.
    const SHAPE: Shape;
    /// Whether `null` is one of them.
    const NULLABLE: bool = false;
    /// Whether its values are never answered.
    const HIDDEN: bool = false;

    /// Reads a value of a request: JSON, or the text that forms and query strings have for everything.
    ///
    /// # Errors
    /// What the value must be, as the rest of a sentence that starts with the field's name.
    fn parse(value: &Value) -> Result<Self, String>;

    /// The value as it is stored.
    fn arg(&self) -> Arg;

    /// Its JSON Schema.
    fn schema() -> Value {
        Self::SHAPE.schema()
    }

    /// What stands in for a value that failed while the rules across fields are checked. It is never stored.
    fn blank() -> Self;

    /// As [`HIDDEN`](Self::HIDDEN), for a value at hand.
    fn hidden(&self) -> bool {
        Self::HIDDEN
    }
}

/// Optional fields: `null`, and the blank that forms send for it, are no value.
impl<T: Field> Field for Option<T>
where
    Arg: From<Option<T>>,
    T: Clone,
{
    const SHAPE: Shape = T::SHAPE;
    const NULLABLE: bool = true;
    const HIDDEN: bool = T::HIDDEN;

    fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            value => T::parse(value).map(Some),
        }
    }

    fn schema() -> Value {
        nullable_schema(T::schema())
    }

    fn arg(&self) -> Arg {
        self.clone().into()
    }

    fn blank() -> Self {
        None
    }
}

impl Field for bool {
    const SHAPE: Shape = Shape::Boolean;

    fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bool(value) => Ok(*value),
            Value::String(text) if matches!(text.as_str(), "true" | "1" | "on") => Ok(true),
            Value::String(text) if matches!(text.as_str(), "false" | "0" | "off") => Ok(false),
            _ => Err("must be true or false".into()),
        }
    }

    fn arg(&self) -> Arg {
        (*self).into()
    }

    fn blank() -> Self {
        false
    }
}

impl Field for Timestamp {
    const SHAPE: Shape = Shape::Time;

    fn parse(value: &Value) -> Result<Self, String> {
        let text = value.as_str().unwrap_or_default();
        text.parse::<Self>()
            .ok()
            .filter(|instant| instant.is_kept())
            .ok_or_else(|| "must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z".into())
    }

    fn arg(&self) -> Arg {
        (*self).into()
    }

    fn blank() -> Self {
        chrono::DateTime::UNIX_EPOCH.into()
    }
}

/// An id of one thing or another.
impl Field for uuid::Uuid {
    const SHAPE: Shape = Shape::Id;

    fn parse(value: &Value) -> Result<Self, String> {
        Id::<()>::parse(value).map(Id::uuid)
    }

    fn arg(&self) -> Arg {
        (*self).into()
    }

    fn blank() -> Self {
        Self::nil()
    }
}

impl<R> Field for Id<R> {
    const SHAPE: Shape = Shape::Id;

    fn parse(value: &Value) -> Result<Self, String> {
        value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| "must be a UUID".into())
    }

    fn arg(&self) -> Arg {
        (*self).into()
    }

    fn blank() -> Self {
        uuid::Uuid::nil().into()
    }
}

/// Makes `Option<T>` bindable where `T` is.
macro_rules! nullable {
    ($($type:ty => $variant:ident by $inner:expr),+ $(,)?) => {
        $(
            impl From<Option<$type>> for $crate::core::db::Arg {
                fn from(value: Option<$type>) -> Self {
                    Self::$variant(value.map($inner))
                }
            }
        )+
    };
}
pub(crate) use nullable;

nullable!(Timestamp => Time by Timestamp::datetime);

impl<R> From<Option<Id<R>>> for Arg {
    fn from(value: Option<Id<R>>) -> Self {
        Self::Uuid(value.map(Id::uuid))
    }
}
