//! Values bound to statements.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use sqlx::{Postgres, Sqlite, Type};
use uuid::Uuid;

use super::Sealed;
use crate::core::clock::Timestamp;
use crate::core::id::Id;

/// A value bound to a statement: the closed set of column types that both databases share. `None` is a typed NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Arg {
    /// `boolean`
    Bool(Option<bool>),
    /// `bigint`
    Int(Option<i64>),
    /// `text`
    Text(Option<String>),
    /// `bytea`
    Bytes(Option<Vec<u8>>),
    /// `uuid`
    Uuid(Option<Uuid>),
    /// `timestamptz`
    Time(Option<DateTime<Utc>>),
    /// `jsonb`, objects and arrays only
    Json(Option<Value>),
    /// `bytea`, encrypted before it is bound
    Sealed(Option<Sealed>),
}

macro_rules! arg {
    ($($variant:ident($type:ty)),+ $(,)?) => {
        $(
            impl From<$type> for Arg {
                fn from(value: $type) -> Self {
                    Self::$variant(Some(value))
                }
            }
            impl From<Option<$type>> for Arg {
                fn from(value: Option<$type>) -> Self {
                    Self::$variant(value)
                }
            }
        )+
        arg!(@driver Postgres, PgArgumentBuffer, PgTypeInfo, $($variant($type)),+);
        arg!(@driver Sqlite, SqliteArgumentsBuffer, SqliteTypeInfo, $($variant($type)),+);
    };
    (@driver $db:ty, $buffer:ty, $info:ty, $($variant:ident($type:ty)),+) => {
        impl Type<$db> for Arg {
            fn type_info() -> $info {
                <String as Type<$db>>::type_info()
            }
            fn compatible(_: &$info) -> bool {
                true
            }
        }
        impl<'q> Encode<'q, $db> for Arg {
            fn encode_by_ref(&self, buffer: &mut $buffer) -> Result<IsNull, BoxDynError> {
                match self {
                    $(Self::$variant(value) => <Option<$type> as Encode<'q, $db>>::encode_by_ref(value, buffer),)+
                    Self::Sealed(_) => Err("a secret was bound in the open".into()),
                }
            }
            fn produces(&self) -> Option<$info> {
                Some(match self {
                    $(Self::$variant(_) => <$type as Type<$db>>::type_info(),)+
                    Self::Sealed(_) => <Vec<u8> as Type<$db>>::type_info(),
                })
            }
        }
    };
}

arg!(Bool(bool), Int(i64), Text(String), Bytes(Vec<u8>), Uuid(Uuid), Time(DateTime<Utc>), Json(Value),);

impl Arg {
    /// About how many bytes it takes besides its own size.
    pub(super) fn heap_size(&self) -> usize {
        match self {
            Self::Text(Some(text)) => text.len(),
            Self::Bytes(Some(bytes)) => bytes.len(),
            Self::Json(Some(value)) => value.to_string().len(),
            _ => 0,
        }
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<Sealed>> for Arg {
    fn from(value: Option<Sealed>) -> Self {
        Self::Sealed(value)
    }
}

impl From<Timestamp> for Arg {
    fn from(value: Timestamp) -> Self {
        value.datetime().into()
    }
}

impl<R> From<Id<R>> for Arg {
    fn from(value: Id<R>) -> Self {
        value.uuid().into()
    }
}
