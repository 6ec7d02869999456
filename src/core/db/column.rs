//! How the core's own types stand in columns.

use crate::core::id::Id;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Type};
use uuid::Uuid;

impl<DB: Database, R> Type<DB> for Id<R>
where
    Uuid: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <Uuid as Type<DB>>::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        <Uuid as Type<DB>>::compatible(info)
    }
}

impl<'r, DB: Database, R> Decode<'r, DB> for Id<R>
where
    Uuid: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <Uuid as Decode<'r, DB>>::decode(value).map(Self::from)
    }
}
