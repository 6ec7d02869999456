//! The verbs of every resource: extract, call the core, wrap.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, OriginalUri, RawPathParams, RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::{self, Fields};
use super::problem::Problem;
use crate::core::Error;
use crate::core::field::whole;
use crate::core::resource::{self, COUNT, Given, Query, Resource};

/// What handlers answer.
pub type Answer = Result<Response, Problem>;

/// The routes of a resource: its collection, its items, its search.
pub fn routes<R: Resource>() -> Router<App> {
    let collection = R::TABLE.path;
    let name = R::TABLE.name;
    let above = collection.rsplit_once('/').map_or("", |(above, _)| above);
    let item = get(show::<R>).put(update::<R>).patch(update::<R>).delete(delete::<R>);
    let at = |collection: &str| {
        Router::new()
            .route(collection, get(index::<R>).post(create::<R>).put(update_by_body::<R>))
            .route(&format!("{collection}/search"), post(search::<R>))
            .route(&format!("{collection}/{{{name}_id}}"), item.clone())
    };
    // The specification's OpenAPI document writes one item path in the singular; all have it here, but for logos, where
    // the sizes of the one logo are.
    let singular =
        (name != "logo").then(|| Router::new().route(&format!("{above}/{name}/{{{name}_id}}"), item.clone()));
    [singular, R::TABLE.flat.map(at)].into_iter().flatten().fold(at(collection), Router::merge)
}

/// The ids in a path, outermost first.
pub struct Ids(pub Vec<Uuid>);

impl Ids {
    /// As many as the path has.
    pub fn exactly<const N: usize>(&self) -> Result<[Uuid; N], Problem> {
        Ok(self.0.as_slice().try_into().map_err(Error::internal)?)
    }

    /// The ids of what the item is in, and the item's.
    pub fn split(&self) -> Result<(&[Uuid], Uuid), Problem> {
        let (id, ancestors) = self.0.split_last().ok_or_else(|| Error::internal("an item's path without an id"))?;
        Ok((ancestors, *id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unreadable = || Problem::new(StatusCode::BAD_REQUEST, "The address can't be read.");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| unreadable())?;
        params.iter().map(|(name, text)| id(name, text)).collect::<Result<_, Problem>>().map(Self)
    }
}

/// An id in a path.
///
/// # Errors
/// 400 when it is none.
pub fn id(name: &str, text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Error::bad_request(format!("The {name} in the address is not a UUID.")).into())
}

/// A page of an index.
pub async fn index<R: Resource>(
    State(app): State<App>,
    asker: Asker,
    Ids(ancestors): Ids,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Answer {
    list::<R>(&app, &asker, &ancestors, uri.path(), &pairs(query)).await
}

/// The parameters of a query string.
pub fn pairs(query: Option<String>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

async fn search<R: Resource>(
    State(app): State<App>,
    asker: Asker,
    Ids(ancestors): Ids,
    OriginalUri(uri): OriginalUri,
    fields: Fields,
) -> Answer {
    let pairs: Vec<_> = fields.unwrapped(R::TABLE.name).into_iter().filter_map(parameter).collect();
    let address = uri.path().strip_suffix("/search").unwrap_or(uri.path());
    list::<R>(&app, &asker, &ancestors, address, &pairs).await
}

/// A field of a search's body as the parameter that it would be in a query.
fn parameter((name, value): (String, Value)) -> Option<(String, String)> {
    let text = |value: Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(whole(&other).map_or_else(|| other.to_string(), |number| number.to_string())),
    };
    let value = match value {
        Value::Array(items) => items.into_iter().filter_map(text).collect::<Vec<_>>().join(","),
        value => text(value)?,
    };
    Some((name, value))
}

/// Answers a page of an index.
///
/// # Errors
/// When a parameter does not hold, or an ancestor is not to be seen.
pub async fn list<R: Resource>(
    app: &App,
    asker: &Asker,
    ancestors: &[Uuid],
    path: &str,
    pairs: &[(String, String)],
) -> Answer {
    let query = Query::parse::<R>(asker, pairs)?;
    let page = resource::list::<R>(app.db(), asker, ancestors, &query).await?;
    answer::page(&page, &format!("{}{path}", asker.origin), pairs)
}

/// Answers a page of those that a filter relates to something.
///
/// # Errors
/// As [`list`].
pub async fn related<R: Resource>(
    app: &App,
    asker: &Asker,
    uri: &Uri,
    query: Option<String>,
    (filter, id): (&str, Uuid),
) -> Answer {
    let (mut pairs, related) = (pairs(query), (filter.to_owned(), id.to_string()));
    // The address of the next page has it already.
    if !pairs.contains(&related) {
        pairs.push(related);
    }
    list::<R>(app, asker, &[], uri.path(), &pairs).await
}

/// One item.
pub async fn show<R: Resource>(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let (ancestors, id) = ids.split()?;
    answer::json(StatusCode::OK, &resource::find::<R>(app.db(), &asker, ancestors, id).await?)
}

/// What the query gives, the body need not: the specification's OpenAPI document offers products by `?license_id=`.
async fn create<R: Resource>(
    State(app): State<App>,
    asker: Asker,
    Ids(ancestors): Ids,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    if body::may_have_files(&request) {
        resource::allow_create::<R>(app.db(), &asker, &ancestors).await?;
    }
    let mut given = body::given::<R>(request, &app).await?;
    for (name, value) in pairs(query) {
        given.fields.entry(name).or_insert(Value::String(value));
    }
    let asker = asker.sending(&given);
    if R::MOST_AT_ONCE > 0 && given.fields.contains_key(COUNT) {
        let made = resource::create_many::<R>(app.db(), &asker, &ancestors, given).await?;
        return answer::json(StatusCode::CREATED, &made);
    }
    let located = resource::create::<R>(app.db(), &asker, &ancestors, given).await?;
    answer::created(&located, &asker.origin)
}

async fn update<R: Resource>(
    State(app): State<App>,
    asker: Asker,
    ids: Ids,
    headers: HeaderMap,
    request: Request,
) -> Answer {
    let (ancestors, id) = ids.split()?;
    if body::may_have_files(&request) {
        resource::allow_update::<R>(app.db(), &asker, ancestors, id).await?;
    }
    let given = body::given::<R>(request, &app).await?;
    change::<R>(&app, &asker, ancestors, id, given, &headers).await
}

/// `PUT` on the collection with the id in the body, as the specification's OpenAPI document has it.
async fn update_by_body<R: Resource>(
    State(app): State<App>,
    asker: Asker,
    Ids(ancestors): Ids,
    headers: HeaderMap,
    fields: Fields,
) -> Answer {
    let fields = fields.unwrapped(R::TABLE.name);
    let id = fields.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| Error::bad_request("The body must have the id of what to update, a UUID."))?;
    change::<R>(&app, &asker, &ancestors, id, fields, &headers).await
}

/// Changes a record as `If-Match` allows, and answers it.
///
/// # Errors
/// As [`resource::update`].
pub async fn change<R: Resource>(
    app: &App,
    asker: &Asker,
    ancestors: &[Uuid],
    id: Uuid,
    given: impl Into<Given> + Send,
    headers: &HeaderMap,
) -> Answer {
    let holds = answer::precondition::<R>(headers);
    let located = resource::update::<R>(app.db(), asker, ancestors, id, given, holds.as_deref()).await?;
    answer::json(StatusCode::OK, &located)
}

/// What a deletion may be told.
#[derive(Deserialize)]
struct Deletion {
    #[serde(default)]
    force: bool,
}

async fn delete<R: Resource>(
    State(app): State<App>,
    asker: Asker,
    ids: Ids,
    parameters: Result<axum::extract::Query<Deletion>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let (ancestors, id) = ids.split()?;
    let must = |_| Error::bad_request("The parameter force must be true or false.");
    let force = parameters.map_err(must)?.force;
    let holds = answer::precondition::<R>(&headers);
    let located = resource::delete::<R>(app.db(), &asker, ancestors, id, holds.as_deref(), force).await?;
    answer::json(StatusCode::OK, &located)
}
