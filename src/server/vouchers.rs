//! Vouchers: `POST /vouchers/{id or code}/redeem`; and what attempts came to, `GET /attempts/summary`.

use axum::Router;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::Value;
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::{Answer, pairs};
use crate::core::Error;
use crate::core::field::Field;
use crate::core::licensing::{By, redeem, summary};
use crate::core::model::{Attempt, Voucher};
use crate::core::resource::{Query, Resource};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new().route("/vouchers/{voucher_id}/redeem", post(redeem_one)).route("/attempts/summary", get(sum_up))
}

async fn redeem_one(State(app): State<App>, asker: Asker, Path(key): Path<String>, fields: Fields) -> Answer {
    let fields = fields.unwrapped(Voucher::TABLE.name);
    let gift_to = match fields.get("user_id") {
        None | Some(Value::Null) => None,
        Some(id) => {
            let id = id.as_str().and_then(|id| id.parse::<Uuid>().ok());
            Some(id.ok_or_else(|| Error::invalid_field("user_id", "must be a UUID"))?.into())
        }
    };
    let asker = asker.sending_value(&Value::Object(fields));
    answer::json(StatusCode::OK, &redeem(app.db(), &asker, &key, gift_to).await?)
}

async fn sum_up(State(app): State<App>, asker: Asker, uri: OriginalUri, RawQuery(query): RawQuery) -> Answer {
    let pairs = pairs(query);
    let by = pairs.iter().find(|(name, _)| name == "by").map(|(_, by)| Value::from(by.as_str()));
    let by = by.and_then(|by| By::parse(&by).ok());
    let by = by.ok_or_else(|| Error::bad_request("The parameter by must be product, claimant or day."))?;
    let page = summary(app.db(), &asker, by, &Query::parse::<Attempt>(&asker, &pairs)?).await?;
    answer::page(&page, &format!("{}{}", asker.origin, uri.path()), &pairs)
}
