//! What can be followed.

use serde_json::json;
use uuid::Uuid;

/// A stream of events, as a client names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// What is published in and withdrawn from the catalogue.
    Catalog,
    /// What concerns one's own rights, tokens and platforms.
    Account,
    /// What becomes of builds that were submitted for review.
    Review,
    /// Who asked to use what.
    Audit,
    /// What is administered.
    Administration,
    /// All about a product and its builds.
    Product(Uuid),
    /// What is to run on a platform, and how far it is.
    Platform(Uuid),
}

impl Followed {
    /// Its name in `GET /events`.
    pub fn stream(self) -> String {
        match self {
            Self::Catalog => "catalog".to_owned(),
            Self::Account => "account".to_owned(),
            Self::Review => "review".to_owned(),
            Self::Audit => "audit".to_owned(),
            Self::Administration => "administration".to_owned(),
            Self::Product(id) => format!("product:{id}"),
            Self::Platform(id) => format!("platform:{id}"),
        }
    }

    /// The identifier of its subscription.
    pub(super) fn identifier(self) -> String {
        match self {
            Self::Catalog => json!({ "channel": "CatalogChannel" }),
            Self::Account => json!({ "channel": "AccountChannel" }),
            Self::Review => json!({ "channel": "ReviewChannel" }),
            Self::Audit => json!({ "channel": "AuditChannel" }),
            Self::Administration => json!({ "channel": "AdministrationChannel" }),
            Self::Product(id) => json!({ "channel": "ProductChannel", "product_id": id }),
            Self::Platform(id) => json!({ "channel": "PlatformChannel", "platform_id": id }),
        }
        .to_string()
    }
}
