//! Users: the people of the marketplace.

use uuid::Uuid;

use crate::core::access::{Caller, administrator};
use crate::core::db::{Db, Tx};
use crate::core::field::{Email, Line, Name};
use crate::core::resource::{Decides, Located, Resource, Table};
use crate::core::{Error, Result};
use crate::resource;

resource! {
    /// A person who uses the marketplace.
    pub struct User {
        /// The name that others see.
        name: Name,
        /// Its id in another system.
        external_id: Option<Line>,
        /// How to address the person.
        salutation: Option<Line>,
        /// The first or given name.
        first_name: Option<Line>,
        /// The middle name.
        middle_name: Option<Line>,
        /// The last or family name.
        last_name: Option<Line>,
        /// A mail address.
        email: Option<Email>,
    }
    embeds {
        /// As first_name.
        given_name: Option<String>,
        /// As last_name.
        family_name: Option<String>,
    }
}

impl Resource for User {
    const TABLE: Table = Table {
        name: "user",
        plural: "users",
        path: "/users",
        owner: Some("id"),
        sort: "name",
        search: &["name", "first_name", "last_name"],
        decides: Decides::Rights,
        ..Table::PLAIN
    };
    const ENTITLEMENTS: Option<&'static str> = Some("user_id = $1");
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("given_name", "first_name"), ("family_name", "last_name")];

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let (Some(old), None) = (old, new) else { return Ok(()) };
        if caller.user_id() == Some(old.id) {
            return Err(Error::conflict("Nobody can delete oneself. Ask another administrator."));
        }
        if old.id.uuid() == administrator::ID {
            return Err(Error::conflict("The first administrator can't be deleted."));
        }
        let products: i64 = tx.scalar(crate::sql!("select count(*) from products where user_id = $1", old.id)).await?;
        if products > 0 {
            return Err(Error::conflict(format!(
                "The user owns {products} products. Give them to somebody else first."
            )));
        }
        Ok(())
    }

    /// A new user is appointed to every default role.
    async fn settle(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let (None, Some(user)) = (old, new) else { return Ok(()) };
        let roles: Vec<(Uuid,)> = tx.all(crate::sql!("select id from roles where \"default\" = $1", true)).await?;
        for (role,) in roles {
            administrator::appoint(tx, role, user.id.uuid(), caller.now).await?;
        }
        Ok(())
    }

    async fn embed(_: &Db, _: &Caller, page: &mut [Located<Self>]) -> Result<()> {
        for Located { record: user, .. } in page {
            user.given_name = user.first_name.as_ref().map(ToString::to_string);
            user.family_name = user.last_name.as_ref().map(ToString::to_string);
        }
        Ok(())
    }
}
