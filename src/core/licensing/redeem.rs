//! Redeeming vouchers: a code becomes an entitlement, once.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::core::access::{Caller, Permissions, Principal, Verb};
use crate::core::db::{Db, Tx};
use crate::core::field::{Field, VoucherCode};
use crate::core::id::Id;
use crate::core::model::{Entitlement, User, Voucher};
use crate::core::resource::{self, Located, Resource};
use crate::core::{Error, Result, idempotency};

/// Redeems the voucher with this code, for the caller or as a gift, and answers it with the entitlement's id. Whoever has the
/// code may; by its id, whoever may read it.
///
/// # Errors
/// [`Kind::NotFound`](crate::core::Kind::NotFound) when there is no such voucher,
/// [`Kind::Conflict`](crate::core::Kind::Conflict) when it was redeemed, has expired, or is not issued yet.
pub async fn redeem(db: &Db, caller: &Caller, key: &str, gift_to: Option<Id<User>>) -> Result<Located<Voucher>> {
    caller.require_signed_in()?;
    let table = &Voucher::TABLE;
    let redeemer = caller.user_id().filter(|_| caller.covers(table.permission(), Verb::Update));
    let redeemer = redeemer.ok_or_else(|| caller.refusal(table.permission(), Verb::Update))?;
    let tx = db.begin().await?;
    if let Some(first) = idempotency::first_answer(&tx, caller).await? {
        return Ok(first);
    }
    let id = find(&tx, caller, key).await?;
    // Of two who redeem it at once, the second finds it redeemed.
    tx.lock_row(table.plural, id).await?;
    let able = with_all_permissions(caller);
    let voucher = resource::load::<Voucher>(&tx, &able, &[], id).await?;
    require_redeemable(caller, &voucher)?;
    let user = gift_to.unwrap_or(redeemer);
    if !tx.exists(crate::sql!("select 1 from users where id = $1", user)).await? {
        return Err(Error::invalid_field("user_id", "must be the id of a user that exists"));
    }
    let entitlement = json!({
        "user_id": user,
        "product_license_id": voucher.product_license_id,
        "valid_from": caller.now,
    });
    let entitlement = entitlement.as_object().cloned().unwrap_or_default();
    let entitlement = resource::insert::<Entitlement>(&tx, &able, &[], entitlement).await?;
    let redeemed = Voucher {
        entitlement_id: Some(entitlement.id),
        redeemed_at: Some(caller.now),
        redeemed_by: Some(redeemer),
        ..voucher.clone()
    };
    let redeemed = resource::replace(&tx, &able, &voucher, redeemed).await?;
    let answer = Located::new(redeemed, caller, &[]);
    idempotency::keep(&tx, caller, &answer).await?;
    tx.commit().await?;
    Ok(answer)
}

/// The id of the voucher that is meant.
async fn find(tx: &Tx, caller: &Caller, key: &str) -> Result<Uuid> {
    if let Ok(id) = key.parse::<Uuid>() {
        return Ok(resource::load::<Voucher>(tx, caller, &[], id).await?.id.uuid());
    }
    let unknown = || Error::not_found(Voucher::TABLE.name);
    let code = VoucherCode::parse(&Value::from(key)).map_err(|_| unknown())?;
    let found: Option<(Uuid,)> =
        tx.optional(crate::sql!("select id from vouchers where code = $1", code.arg())).await?;
    found.map(|(id,)| id).ok_or_else(unknown)
}

fn require_redeemable(caller: &Caller, voucher: &Voucher) -> Result<()> {
    if let Some(at) = voucher.redeemed_at {
        return Err(Error::conflict(format!("The voucher was redeemed at {at}.")));
    }
    match (voucher.issued_at, voucher.expires_at) {
        (Some(start), _) if start > caller.now => {
            Err(Error::conflict(format!("The voucher can be redeemed from {start} on.")))
        }
        (_, Some(end)) if end <= caller.now => {
            Err(Error::conflict(format!("The voucher could be redeemed until {end}.")))
        }
        _ => Ok(()),
    }
}

/// The caller, who has what it takes in the voucher.
fn with_all_permissions(caller: &Caller) -> Caller {
    let caller = caller.unlimited();
    let principal = Principal { permissions: Arc::new(Permissions::everything()), ..caller.principal.clone() };
    Caller { principal, ..caller }
}
