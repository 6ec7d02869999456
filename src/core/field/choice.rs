//! Fields that hold one of a few words: an enum each.

/// Declares an enum that is stored and sent as a word: `choice! { Name { Variant = "word" or "other spelling" } }`.
macro_rules! choice {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(or $other:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, $crate::core::db::Type)]
        #[sqlx(type_name = "text")]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $word)] #[sqlx(rename = $word)] $variant),+
        }

        impl $type {
            /// The word that stands for it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl $crate::core::field::Field for $type {
            const SHAPE: $crate::core::field::Shape = $crate::core::field::Shape::Choice(&[$($word),+]);

            fn parse(value: &serde_json::Value) -> Result<Self, String> {
                let text = match value {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                match text.as_str() {
                    $($word $(| $other)* => Ok(Self::$variant),)+
                    _ => Err(format!("must be one of {}", [$($word),+].join(", "))),
                }
            }

            fn arg(&self) -> $crate::core::db::Arg {
                self.word().into()
            }

            fn blank() -> Self {
                let [first, ..] = [$(Self::$variant),+];
                first
            }
        }
    };
}
pub(crate) use choice;
