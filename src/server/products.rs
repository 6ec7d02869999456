//! What products can do beyond the common verbs.

use axum::Router;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::crud::{self, Answer, Ids};
use crate::core::model::{Facets, Product, Surrogate};
use crate::core::resource::{self, Query, Resource};

/// The routes of what is done with them.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/products/{product_id}/publish", post(publish))
        .route("/products/{product_id}/unpublish", post(unpublish))
        .route("/products/{product_id}/badges/{badge_id}", post(award).delete(withdraw))
}

/// The routes of indexes of what a product has to do with, and is not nested in it.
pub fn indexes() -> Router<App> {
    Router::new()
        .route("/products/facets", get(facets))
        .route("/products/{product_id}/children", get(children))
        .route("/products/{product_id}/parents", get(parents))
        .route("/products/{product_id}/surrogates", get(surrogates))
}

async fn publish(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [product] = ids.exactly()?;
    answer::json(StatusCode::OK, &Product::publish(app.db(), &asker, product).await?)
}

async fn unpublish(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [product] = ids.exactly()?;
    answer::json(StatusCode::OK, &Product::unpublish(app.db(), &asker, product).await?)
}

async fn award(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [product, badge] = ids.exactly()?;
    answer::json(StatusCode::OK, &Product::award(app.db(), &asker, product, badge).await?)
}

async fn withdraw(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [product, badge] = ids.exactly()?;
    answer::json(StatusCode::OK, &Product::withdraw(app.db(), &asker, product, badge).await?)
}

async fn facets(State(app): State<App>, asker: Asker, RawQuery(query): RawQuery) -> Answer {
    let query = Query::parse::<Product>(&asker, &crud::pairs(query))?;
    answer::json(StatusCode::OK, &Facets::of(app.db(), &asker, &query).await?)
}

async fn children(state: State<App>, asker: Asker, ids: Ids, uri: OriginalUri, query: RawQuery) -> Answer {
    related::<Product>(state, asker, ids, uri, query, "child_of").await
}

async fn parents(state: State<App>, asker: Asker, ids: Ids, uri: OriginalUri, query: RawQuery) -> Answer {
    related::<Product>(state, asker, ids, uri, query, "parent_of").await
}

async fn surrogates(state: State<App>, asker: Asker, ids: Ids, uri: OriginalUri, query: RawQuery) -> Answer {
    related::<Surrogate>(state, asker, ids, uri, query, "product_id").await
}

/// The index of those that a filter relates to a product.
async fn related<R: Resource>(
    State(app): State<App>,
    asker: Asker,
    ids: Ids,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
    filter: &str,
) -> Answer {
    let [product]: [Uuid; 1] = ids.exactly()?;
    resource::load::<Product>(app.db(), &asker, &[], product).await?;
    crud::related::<R>(&app, &asker, &uri, query, (filter, product)).await
}
