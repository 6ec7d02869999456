//! Identity providers: who vouches for who people are, by OpenID Connect.

use uuid::Uuid;

use crate::core::Result;
use crate::core::access::{Caller, Permissions, Verb, require_no_more_than_own, require_no_more_than_users_of};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, Json, Sealed, Tx};
use crate::core::field::{HttpUrl, Line, Name, Object};
use crate::core::resource::{self, Decides, Input, Located, Resource, Table};
use crate::resource;

resource! {
    /// An OpenID Connect provider that people sign in with.
    pub struct IdentityProvider {
        /// Its name, unique.
        name: Name,
        /// Its issuer identifier, unique.
        issuer: HttpUrl,
        /// What this marketplace is called there.
        client_id: Name,
        /// The secret that proves it; never answered.
        client_secret: Option<Sealed>,
        /// Another client whose ID tokens count.
        alternate_client_id: Option<Line>,
        /// What is asked for at sign-in, with blanks or commas between.
        scopes: Option<Line>,
        /// Since when people can sign in with it.
        [server] enabled_at: Option<Timestamp>,
        /// When it was last asked for its configuration and keys.
        [server] discovered_at: Option<Timestamp>,
        /// What it says of itself.
        [server] configuration: Option<Json<Object>>,
        /// The keys that it signs with.
        [server] public_keys: Option<Json<Object>>,
    }
    embeds {
        /// Where browsers go to sign in with it.
        redirect_url: String,
    }
}

impl Resource for IdentityProvider {
    const TABLE: Table = Table {
        name: "identity_provider",
        plural: "identity_providers",
        path: "/identity_providers",
        published: &["enabled_at"],
        sort: "name",
        decides: Decides::Rights,
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"], &["issuer"]];
    const SAFE: &'static [&'static str] = &["id", "name", "issuer", "redirect_url", "path", "url"];

    fn validate(&self, input: &mut Input) {
        if self.client_secret.is_none() {
            input.fails("client_secret", "is required");
        }
    }

    /// Nobody becomes somebody else by having another provider vouch for them.
    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match (old, new) {
            // Who makes a provider can have it vouch for anybody, also for the operator's administrators.
            (Some(old), Some(new))
                if new.enabled_at.is_some() && (old.enabled_at.is_none() || old.trusted() != new.trusted()) =>
            {
                require_no_more_than_own(caller, &Permissions::everything())
            }
            (Some(old), Some(new)) if old.trusted() != new.trusted() => {
                require_no_more_than_users_of(tx, caller, new.id).await
            }
            _ => Ok(()),
        }
    }

    async fn embed(_: &Db, caller: &Caller, page: &mut [Located<Self>]) -> Result<()> {
        for located in page {
            located.record.redirect_url = format!("{}{}/redirect", caller.origin, located.path);
        }
        Ok(())
    }
}

impl IdentityProvider {
    /// Whose word is taken for who somebody is, given to whom.
    fn trusted(&self) -> impl PartialEq {
        (self.issuer.clone(), self.client_id.clone(), self.alternate_client_id.clone())
    }

    /// Lets people sign in with it.
    ///
    /// # Errors
    /// When it is not to be seen, or the caller does not have every permission.
    pub async fn enable(db: &Db, caller: &Caller, id: Uuid) -> Result<Located<Self>> {
        let now = caller.now;
        let enable = |provider: &mut Self| provider.enabled_at = provider.enabled_at.or(Some(now));
        resource::transition(db, caller, &[], id, Verb::Update, None, enable).await
    }

    /// Lets nobody sign in with it any more.
    ///
    /// # Errors
    /// When it is not to be seen, or the caller may not change it.
    pub async fn disable(db: &Db, caller: &Caller, id: Uuid) -> Result<Located<Self>> {
        resource::transition(db, caller, &[], id, Verb::Update, None, |provider: &mut Self| provider.enabled_at = None)
            .await
    }
}
