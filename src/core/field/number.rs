//! Fields of whole numbers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Field, Shape, nullable};
use crate::core::db::{self, Arg};

/// A whole number, also written as `1.0`, which is one to JSON Schema, or as text.
pub fn whole(value: &Value) -> Option<i64> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let without_fraction = |number: f64| (number.fract() == 0.0 && number.abs() < BEYOND).then_some(number as i64);
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(without_fraction)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

impl Field for i64 {
    const SHAPE: Shape = Shape::Integer { minimum: i64::MIN };

    fn parse(value: &Value) -> Result<Self, String> {
        whole(value).ok_or_else(|| "must be a whole number".into())
    }

    fn arg(&self) -> Arg {
        (*self).into()
    }

    fn blank() -> Self {
        0
    }
}

macro_rules! number {
    ($($(#[$doc:meta])* $type:ident from $minimum:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, db::Type)]
            #[serde(transparent)]
            #[sqlx(transparent)]
            pub struct $type(pub i64);

            impl Field for $type {
                const SHAPE: Shape = Shape::Integer { minimum: $minimum };

                fn parse(value: &Value) -> Result<Self, String> {
                    let number = whole(value).filter(|number| *number >= $minimum && *number <= i64::from(i32::MAX));
                    number.map(Self).ok_or_else(|| {
                        format!("must be a whole number from {} to {}", $minimum, i32::MAX)
                    })
                }

                fn arg(&self) -> Arg {
                    self.0.into()
                }

                fn blank() -> Self {
                    Self($minimum)
                }
            }

            nullable!($type => Int by |number: $type| number.0);
        )+
    };
}

number! {
    /// A whole number, not negative.
    Count from 0;
    /// A whole number from 1.
    Natural from 1;
}
