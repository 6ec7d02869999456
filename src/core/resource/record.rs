//! The declaration of a resource's fields.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::Input;
use crate::core::clock::Timestamp;
use crate::core::db::{Arg, Row};
use crate::core::field::{Field, Shape};

/// Who sets a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Clients, at any time.
    Open,
    /// Clients, at creation only; for the id of a parent, the path.
    Fixed,
    /// The server; what clients send is ignored.
    Server,
}

/// What is known of a field.
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    /// Its name, in JSON and in the database.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What its values look like.
    pub shape: Shape,
    /// Whether `null` is a value.
    pub nullable: bool,
    /// Whether it is never answered, nor filtered or sorted by.
    pub hidden: bool,
    /// Whether a creation must give it.
    pub required: bool,
    /// Who sets it.
    pub mode: Mode,
    /// Reads one of its values, to compare with what is stored.
    pub parse: fn(&Value) -> Result<Arg, String>,
    /// Its JSON Schema.
    pub schema: fn() -> Value,
    /// The value of what a creation leaves out, unless that is null.
    pub default: fn() -> Option<Value>,
}

/// What answers embed of other resources.
#[derive(Debug, Clone, Copy)]
pub struct Embed {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its JSON Schema.
    pub schema: fn() -> Value,
}

impl FieldInfo {
    /// A field that every resource has, of this type.
    pub const fn common<T: Field>(name: &'static str, about: &'static str) -> Self {
        let (shape, nullable, hidden) = (T::SHAPE, T::NULLABLE, T::HIDDEN);
        let (parse, schema, default): (_, _, fn() -> _) = (parse::<T>, T::schema, || None);
        Self { name, about, shape, nullable, hidden, required: false, mode: Mode::Server, parse, schema, default }
    }
}

/// Reads a value of a type, as it is stored.
///
/// # Errors
/// What it must be.
pub fn parse<T: Field>(value: &Value) -> Result<Arg, String> {
    T::parse(value).map(|value| value.arg())
}

/// A row of a resource, made by [`resource!`](crate::resource).
pub trait Record: Row + Clone + PartialEq + Serialize + DeserializeOwned + Sync {
    /// What the resource is.
    const ABOUT: &'static str;
    /// Its fields, but for `id`, `created_at` and `updated_at`, which all have.
    const FIELDS: &'static [FieldInfo];
    /// What answers embed besides.
    const EMBEDS: &'static [Embed];

    /// Its id.
    fn id(&self) -> Uuid;
    /// When it last changed.
    fn updated_at(&self) -> Timestamp;
    /// `id`, the values of [`FIELDS`](Self::FIELDS), `created_at`, `updated_at`, as stored.
    fn values(&self) -> Vec<Arg>;
    /// A new row from an input. When the input has errors, blanks stand for what failed.
    fn from_input(input: &mut Input, id: Uuid, now: Timestamp) -> Self;
    /// Changes the fields that an input gives; what fails is in the input's errors.
    fn apply(&mut self, input: &mut Input);
    /// Marks the row as changed now.
    fn touch(&mut self, now: Timestamp);
}

/// Declares a resource's row. Field types come from [`field`](crate::core::field); `= value` is the default of what a
/// client leaves out; `[fixed]` can be set at creation only, `[server]` not by clients at all. `embeds` lists what
/// answers carry of other resources.
#[macro_export]
macro_rules! resource {
    (
        $(#[doc = $about:literal])+
        pub struct $type:ident {
            $($(#[doc = $doc:literal])+ $([$mode:ident])? $field:ident: $field_type:ty $(= $default:expr)?,)+
        }
        $(embeds { $($(#[doc = $embed_doc:literal])+ $embed:ident: $embed_type:ty,)+ })?
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, $crate::core::db::FromRow)]
        pub struct $type {
            /// Its id.
            pub id: $crate::core::id::Id<$type>,
            $(
                $(#[doc = $doc])+
                #[serde(default = "crate::core::field::Field::blank")]
                #[serde(skip_serializing_if = "crate::core::field::Field::hidden")]
                pub $field: $field_type,
            )+
            /// When it was made.
            pub created_at: $crate::core::clock::Timestamp,
            /// When it last changed.
            pub updated_at: $crate::core::clock::Timestamp,
            $($($(#[doc = $embed_doc])+ #[sqlx(skip)] #[serde(default)] pub $embed: $embed_type,)+)?
        }

        impl $crate::core::resource::Record for $type {
            const ABOUT: &'static str = concat!($($about),+);
            const FIELDS: &'static [$crate::core::resource::FieldInfo] = &[$($crate::core::resource::FieldInfo {
                name: stringify!($field),
                about: concat!($($doc),+),
                shape: <$field_type as $crate::core::field::Field>::SHAPE,
                nullable: <$field_type as $crate::core::field::Field>::NULLABLE,
                hidden: <$field_type as $crate::core::field::Field>::HIDDEN,
                required: !<$field_type as $crate::core::field::Field>::NULLABLE && !$crate::resource!(@given $($default)?),
                mode: $crate::resource!(@mode $($mode)?),
                parse: $crate::core::resource::parse::<$field_type>,
                schema: <$field_type as $crate::core::field::Field>::schema,
                default: || $crate::resource!(@shown $field_type $(, $default)?),
            }),+];
            const EMBEDS: &'static [$crate::core::resource::Embed] = &[$($($crate::core::resource::Embed {
                name: stringify!($embed),
                about: concat!($($embed_doc),+),
                schema: <$embed_type as $crate::core::field::Described>::schema,
            },)+)?];

            fn id(&self) -> uuid::Uuid {
                self.id.uuid()
            }

            fn updated_at(&self) -> $crate::core::clock::Timestamp {
                self.updated_at
            }

            fn values(&self) -> Vec<$crate::core::db::Arg> {
                vec![
                    self.id.into(),
                    $($crate::core::field::Field::arg(&self.$field),)+
                    self.created_at.into(),
                    self.updated_at.into(),
                ]
            }

            fn from_input(
                input: &mut $crate::core::resource::Input,
                id: uuid::Uuid,
                now: $crate::core::clock::Timestamp,
            ) -> Self {
                $(let $field = input.initial::<$field_type>(
                    stringify!($field),
                    $crate::resource!(@mode $($mode)?),
                    $crate::resource!(@default $($default)?),
                );)+
                Self {
                    id: id.into(),
                    $($field,)+
                    created_at: now,
                    updated_at: now,
                    $($($embed: Default::default(),)+)?
                }
            }

            fn apply(&mut self, input: &mut $crate::core::resource::Input) {
                $(input.changed(stringify!($field), $crate::resource!(@mode $($mode)?), &mut self.$field);)+
            }

            fn touch(&mut self, now: $crate::core::clock::Timestamp) {
                self.updated_at = now;
            }
        }
    };
    (@mode) => { $crate::core::resource::Mode::Open };
    (@mode fixed) => { $crate::core::resource::Mode::Fixed };
    (@mode server) => { $crate::core::resource::Mode::Server };
    (@given) => { false };
    (@given $default:expr) => { true };
    (@shown $type:ty) => { None };
    (@shown $type:ty, $default:expr) => {{
        let default: $type = $default;
        serde_json::to_value(default).ok()
    }};
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}
