//! Channels: what clients subscribe to, by its identifier, and the stream that it carries.

use serde::Deserialize;

use crate::core::access::Caller;
use crate::core::event::Stream;
use crate::core::id::Id;
use crate::core::model::{Instance, Platform, Product, User};

/// How long an identifier may be, in bytes: every event repeats it.
const IDENTIFIER: usize = 1024;

/// The stream that an identifier names for a caller: a JSON object in a string, with the channel's name and its parameters.
/// Whether the caller may follow it is another question.
pub fn named(identifier: &str, caller: &Caller) -> Option<Stream> {
    #[derive(Deserialize)]
    struct Name {
        channel: String,
        user_id: Option<Id<User>>,
        product_id: Option<Id<Product>>,
        platform_id: Option<Id<Platform>>,
        instance_id: Option<Id<Instance>>,
    }
    if identifier.len() > IDENTIFIER {
        return None;
    }
    let Name { channel, user_id, product_id, platform_id, instance_id } = serde_json::from_str(identifier).ok()?;
    match channel.as_str() {
        "CatalogChannel" => Some(Stream::Catalog),
        "ProductChannel" => product_id.map(Stream::Product),
        // Agents have one platform, and need not say which.
        "PlatformChannel" => platform_id.or(caller.platform_id()).map(Stream::Platform),
        "OutputChannel" => instance_id.map(Stream::Output),
        "AccountChannel" => user_id.or(caller.user_id()).map(Stream::Account),
        "ReviewChannel" => Some(Stream::Review),
        "AuditChannel" => Some(Stream::Audit),
        "AdministrationChannel" => Some(Stream::Administration),
        "ChatChannel" => Some(Stream::Chat),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::core::access::{Actor, Principal};

    #[test]
    fn identifiers_name_streams() {
        let id = Uuid::from_u128(7);
        let stranger = Caller::anonymous("".into());
        let principal = Principal { actor: Actor::Platform(id.into()), ..Principal::anonymous() };
        let agent = Caller { principal, ..stranger.clone() };
        let principal = Principal { actor: Actor::User(id.into()), ..Principal::anonymous() };
        let user = Caller { principal, ..stranger.clone() };
        let platform = format!(r#"{{"channel":"PlatformChannel","platform_id":"{id}"}}"#);
        let product = format!(r#"{{"product_id":"{id}","channel":"ProductChannel"}}"#);
        let output = format!(r#"{{"channel":"OutputChannel","instance_id":"{id}"}}"#);
        for (identifier, caller, expected) in [
            (r#"{"channel":"CatalogChannel"}"#, &stranger, Some(Stream::Catalog)),
            (r#" {"x":[1], "channel":"CatalogChannel"}"#, &stranger, Some(Stream::Catalog)),
            (r#"{"channel":"AuditChannel"}"#, &stranger, Some(Stream::Audit)),
            (r#"{"channel":"ReviewChannel"}"#, &stranger, Some(Stream::Review)),
            (&output, &stranger, Some(Stream::Output(id.into()))),
            (r#"{"channel":"OutputChannel"}"#, &stranger, None),
            (r#"{"channel":"AdministrationChannel"}"#, &stranger, Some(Stream::Administration)),
            (r#"{"channel":"ChatChannel","room":1}"#, &stranger, Some(Stream::Chat)),
            (r#"{"channel":"AccountChannel"}"#, &stranger, None),
            (r#"{"channel":"AccountChannel"}"#, &user, Some(Stream::Account(id.into()))),
            (r#"{"channel":"AccountChannel","user_id":1}"#, &user, None),
            (&platform, &stranger, Some(Stream::Platform(id.into()))),
            (r#"{"channel":"PlatformChannel"}"#, &agent, Some(Stream::Platform(id.into()))),
            (r#"{"channel":"PlatformChannel"}"#, &user, None),
            (&product, &stranger, Some(Stream::Product(id.into()))),
            (r#"{"channel":"ProductChannel"}"#, &stranger, None),
            (r#"{"channel":"catalogchannel"}"#, &stranger, None),
            (r#"{"channel":["CatalogChannel"]}"#, &stranger, None),
            (r#""CatalogChannel""#, &stranger, None),
            ("CatalogChannel", &stranger, None),
            ("{}", &stranger, None),
            ("", &stranger, None),
        ] {
            assert_eq!(named(identifier, caller), expected, "{identifier}");
        }
        let long = |length: usize| format!("{:<length$}", r#"{"channel":"CatalogChannel"}"#);
        assert_eq!(named(&long(IDENTIFIER), &stranger), Some(Stream::Catalog));
        assert_eq!(named(&long(IDENTIFIER + 1), &stranger), None);
    }
}
