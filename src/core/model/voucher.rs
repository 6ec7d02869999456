//! Vouchers: codes that can be redeemed for an entitlement.

use serde_json::json;

use super::{Entitlement, ProductLicense, User};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Tx;
use crate::core::event::{EventType, NewEvent, Stream};
use crate::core::field::VoucherCode;
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// A code that can be redeemed for an entitlement, once.
    pub struct Voucher {
        /// The offer that it is for: a product under a licence.
        [fixed] product_license_id: Id<ProductLicense>,
        /// The code, unique; made where none is given.
        [fixed] code: Option<VoucherCode>,
        /// When it was issued; now unless said otherwise.
        issued_at: Option<Timestamp>,
        /// Until when it can be redeemed.
        expires_at: Option<Timestamp>,
        /// The entitlement that it was redeemed for.
        [server] entitlement_id: Option<Id<Entitlement>>,
        /// When it was redeemed.
        [server] redeemed_at: Option<Timestamp>,
        /// The user who redeemed it.
        [server] redeemed_by: Option<Id<User>>,
    }
}

impl Resource for Voucher {
    const TABLE: Table = Table {
        name: "voucher",
        plural: "vouchers",
        path: "/vouchers",
        parent: Some(Parent { table: &ProductLicense::TABLE, column: "product_license_id" }),
        owner: Some("redeemed_by"),
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] =
        &[Reference { column: "product_license_id", table: &ProductLicense::TABLE }];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["code"]];

    const MOST_AT_ONCE: usize = 1000;

    fn complete(&mut self, caller: &Caller, _: &mut Input) -> Result<()> {
        if self.code.is_none() {
            self.code = Some(VoucherCode::random()?);
        }
        self.issued_at.get_or_insert(caller.now);
        Ok(())
    }

    fn validate(&self, input: &mut Input) {
        if self.issued_at.is_none() {
            input.fails("issued_at", "is required");
        }
        if self.expires_at.is_some_and(|end| self.issued_at.is_some_and(|start| end <= start)) {
            input.fails("expires_at", "must be after issued_at");
        }
    }

    /// Who redeemed it is told, and of what becomes of it later. Before that it is nobody's.
    async fn events(_: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        let Some(voucher) = new.or(old) else { return Ok(Vec::new()) };
        let Some(user) = voucher.redeemed_by else { return Ok(Vec::new()) };
        let (kind, message) = match (old, new) {
            (Some(old), Some(_)) if old.redeemed_by.is_none() => (EventType::Redeemed, "A voucher was redeemed."),
            (_, Some(_)) => (EventType::Updated, "A voucher was changed."),
            (_, None) => (EventType::Deleted, "A voucher was deleted."),
        };
        let model = json!({ "voucher": {
            "id": voucher.id,
            "product_license": { "id": voucher.product_license_id },
            "entitlement": { "id": voucher.entitlement_id },
        } });
        let (id, streams) = (voucher.id.uuid(), vec![Stream::Account(user)]);
        Ok(vec![NewEvent::of_right(kind, Self::TABLE.name, id, message.into(), model, streams)])
    }
}
