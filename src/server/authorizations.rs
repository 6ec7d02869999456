//! Authorizations: `PUT /authorizations/…` asks whether a product may be used and counts the use, `GET` only asks.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::{Answer, Ids};
use super::problem::Problem;
use crate::core::error::{FieldErrors, Kind};
use crate::core::field::{Field, Natural};
use crate::core::licensing::{Claimant, Decision, Request};
use crate::core::{Error, Result};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/authorizations/users/{user_id}/products/{product_id}", get(of_user).put(of_user))
        .route("/authorizations/groups/{group_id}/products/{product_id}", get(of_group).put(of_group))
        .route("/authorizations/products/{product_id}", get(of_caller).put(of_caller))
        .route("/authorizations/batch", post(batch))
}

/// What may be said beside the address.
#[derive(Deserialize)]
struct Parameters {
    quantity: Option<String>,
}

type Given = Result<Query<Parameters>, QueryRejection>;

async fn of_user(app: State<App>, asker: Asker, method: Method, ids: Ids, given: Given) -> Answer {
    let [user, product] = ids.exactly()?;
    answer_to(app, asker, &method, Claimant::User(user.into()), product, given).await
}

async fn of_group(app: State<App>, asker: Asker, method: Method, ids: Ids, given: Given) -> Answer {
    let [group, product] = ids.exactly()?;
    answer_to(app, asker, &method, Claimant::Group(group.into()), product, given).await
}

async fn of_caller(app: State<App>, asker: Asker, method: Method, ids: Ids, given: Given) -> Answer {
    let [product] = ids.exactly()?;
    answer_to(app, asker, &method, Claimant::Caller, product, given).await
}

async fn answer_to(
    State(app): State<App>,
    asker: Asker,
    method: &Method,
    claimant: Claimant,
    product: Uuid,
    given: Given,
) -> Answer {
    let must = || Error::bad_request(format!("The parameter quantity must be a whole number from 1 to {}.", i32::MAX));
    let Query(Parameters { quantity }) = given.map_err(|_| must())?;
    let quantity = match quantity {
        Some(text) => Natural::parse(&Value::String(text)).map_err(|_| must())?,
        None => Natural(1),
    };
    let request = Request { claimant, product: product.into(), quantity };
    let decision = if *method == Method::PUT {
        let asker = asker.sending_value(&json!({ "quantity": quantity }));
        app.licensing().authorize(app.db(), &asker, request).await?
    } else {
        app.licensing().check(app.db(), &asker, request).await?
    };
    match status_of(&decision) {
        StatusCode::OK => answer::json(StatusCode::OK, &decision),
        _ => Ok(refusal(&decision)?.into_response()),
    }
}

/// The refusal of an authorization, with its reason for programs.
fn refusal(decision: &Decision) -> Result<Problem> {
    let message = match decision {
        Decision::Refused(refusal) => refusal.message(),
        Decision::Granted(_) | Decision::Failed(_) => String::new(),
    };
    let details = serde_json::to_value(decision).map_err(Error::internal)?;
    Ok(Error::new(Kind::Refused, message).with_details(details).into())
}

fn status_of(decision: &Decision) -> StatusCode {
    match decision {
        Decision::Granted(_) => StatusCode::OK,
        Decision::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Decision::Failed(failed) if failed.forbidden => StatusCode::FORBIDDEN,
        Decision::Failed(_) => StatusCode::NOT_FOUND,
    }
}

/// One of a batch, with the status that it would have alone.
#[derive(Serialize)]
struct Item<'a> {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(flatten)]
    decision: &'a Decision,
}

impl<'a> Item<'a> {
    fn of(decision: &'a Decision) -> Self {
        let message = match decision {
            Decision::Refused(refusal) => Some(refusal.message()),
            Decision::Granted(_) | Decision::Failed(_) => None,
        };
        Self { status: status_of(decision).as_u16(), message, decision }
    }
}

async fn batch(State(app): State<App>, asker: Asker, fields: Fields) -> Answer {
    let fields = fields.unwrapped("batch");
    let requests = requests(fields.get("authorizations"))?;
    let asker = asker.sending_value(&Value::Object(fields));
    let decisions = app.licensing().authorize_all(app.db(), &asker, &requests).await?;
    let results: Vec<_> = decisions.iter().map(Item::of).collect();
    answer::json(StatusCode::OK, &json!({ "results": results }))
}

/// The authorizations that a batch asks for: each has a `product_id`, a `user_id` or a `group_id` or neither, and maybe a
/// `quantity`.
fn requests(given: Option<&Value>) -> Result<Vec<Request>> {
    let Some(Value::Array(list)) = given else {
        return Err(Error::invalid_field("authorizations", "must be a list of objects, each with a product_id"));
    };
    let mut errors = FieldErrors::new();
    let mut requests = Vec::with_capacity(list.len());
    for (place, item) in list.iter().enumerate() {
        match request(item) {
            Ok(request) => requests.push(request),
            Err((field, must)) => {
                errors.insert(format!("authorizations.{place}.{field}"), vec![must.to_owned()]);
            }
        }
    }
    if errors.is_empty() { Ok(requests) } else { Err(Error::invalid(errors)) }
}

fn request(item: &Value) -> Result<Request, (&'static str, &'static str)> {
    let id = |field: &'static str| match &item[field] {
        Value::Null => Ok(None),
        value => value.as_str().and_then(|text| text.parse::<Uuid>().ok()).map(Some).ok_or((field, "must be a UUID")),
    };
    let product = id("product_id")?.ok_or(("product_id", "is required"))?;
    let claimant = match (id("user_id")?, id("group_id")?) {
        (Some(_), Some(_)) => return Err(("group_id", "must not be given beside user_id")),
        (Some(user), None) => Claimant::User(user.into()),
        (None, Some(group)) => Claimant::Group(group.into()),
        (None, None) => Claimant::Caller,
    };
    let quantity = match &item["quantity"] {
        Value::Null => Natural(1),
        value => Natural::parse(value).map_err(|_| ("quantity", "must be a whole number from 1 to 2147483647"))?,
    };
    Ok(Request { claimant, product: product.into(), quantity })
}
