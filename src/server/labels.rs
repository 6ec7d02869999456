//! Labels of builds: `…/label` for programs or as the client prefers it, `…/label.svg`, `.html` and `.txt` for people.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::crud::{Answer, Ids};
use super::problem::Problem;
use crate::core::label::{self, Label, html, svg, text};
use crate::core::{Error, Result};

/// The routes. They answer more than JSON.
pub fn routes() -> Router<App> {
    let at = |end: &str| format!("/products/{{product_id}}/builds/{{build_id}}/label{end}");
    let fixed = |form: Form| {
        get(async move |state: State<App>, asker: Asker, ids: Ids, asked: Asked| {
            show(&state, &asker, &ids, asked, form).await
        })
    };
    Router::new()
        .route(&at(""), get(preferred))
        .route(&at(".svg"), fixed(Form::Svg))
        .route(&at(".html"), fixed(Form::Html))
        .route(&at(".txt"), fixed(Form::Text))
        .layer(middleware::from_fn(answer::unless_known))
}

/// What is asked about the label.
#[derive(Deserialize)]
struct Parameters {
    platform: Option<Uuid>,
}

type Asked = Result<Query<Parameters>, QueryRejection>;

/// A form of the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Svg,
    Text,
}

impl Form {
    /// All of them. Of those that a client likes as well, it gets the first.
    const ALL: [Self; 4] = [Self::Json, Self::Html, Self::Svg, Self::Text];

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Svg => "image/svg+xml",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// What a browser may do with it: show it, and of a page the one style that it came with.
    fn policy(self) -> HeaderValue {
        static PAGE: LazyLock<HeaderValue> = LazyLock::new(|| {
            let hash = STANDARD.encode(digest(&SHA256, html::STYLE.as_bytes()));
            let policy = format!(
                "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'"
            );
            HeaderValue::try_from(policy).unwrap_or(NOTHING)
        });
        if self == Self::Html { PAGE.clone() } else { NOTHING }
    }

    fn draw(self, label: &Label) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Json => serde_json::to_vec(label).map_err(Error::internal)?,
            Self::Html => html::draw(label).into_bytes(),
            Self::Svg => svg::draw(label).into_bytes(),
            Self::Text => (text::draw(label, str::to_owned) + "\n").into_bytes(),
        })
    }
}

const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");

/// The label in the form that the client likes best.
async fn preferred(State(app): State<App>, asker: Asker, ids: Ids, asked: Asked, headers: HeaderMap) -> Answer {
    let accept: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let Some(form) = choose(&accept.join(",")) else {
        let message = "A label comes as application/json, text/html, image/svg+xml or text/plain. Accept one of them.";
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, message));
    };
    let mut response = show(&app, &asker, &ids, asked, form).await?;
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

async fn show(app: &App, asker: &Asker, ids: &Ids, asked: Asked, form: Form) -> Answer {
    let [product, build] = ids.exactly()?;
    let must = |_| Error::bad_request("The parameter platform must be the id of a platform, a UUID.");
    let Query(Parameters { platform }) = asked.map_err(must)?;
    let label = label::find(app.db(), asker, product, build, platform).await?;
    let mut response = answer::document(form.media_type(), form.draw(&label)?)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, form.policy());
    Ok(response)
}

/// The form that a client likes best, of those that it takes (RFC 9110, 12.5.1). Without a word of it, any.
fn choose(accept: &str) -> Option<Form> {
    if accept.trim().is_empty() {
        return Some(Form::Json);
    }
    let liked = Form::ALL.map(|form| (form, liking(accept, form))).into_iter().filter(|(_, liking)| *liking > 0.0);
    liked.reduce(|best, other| if other.1 > best.1 { other } else { best }).map(|(form, _)| form)
}

/// How much a client likes a form: the weight of the range that names it most closely.
fn liking(accept: &str, form: Form) -> f32 {
    let media_type = form.media_type().split(';').next().unwrap_or_default();
    let kind = media_type.split('/').next().unwrap_or_default();
    let weigh = |range: &str| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let closeness = match parts.next()?.as_str() {
            range if range == media_type => 2,
            "*/*" => 0,
            range if range.strip_suffix("/*") == Some(kind) => 1,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").map(|weight| weight.parse().unwrap_or(0.0)));
        Some((closeness, weight.unwrap_or(1.0)))
    };
    let closest = accept.split(',').filter_map(weigh).max_by_key(|(closeness, _)| *closeness);
    closest.map_or(0.0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_they_like_best() {
        let cases = [
            ("", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("application/*", Some(Form::Json)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Some(Form::Html)),
            ("image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", Some(Form::Svg)),
            ("image/*", Some(Form::Svg)),
            ("TEXT/PLAIN", Some(Form::Text)),
            ("text/*;q=0.5, text/html;q=0", Some(Form::Text)),
            ("application/json;q=0.1, text/plain; q=0.2", Some(Form::Text)),
            ("image/png", None),
            ("*/*;q=0", None),
            ("application/json;q=x", None),
            (";;;,,/", None),
        ];
        for (accept, form) in cases {
            assert_eq!(choose(accept), form, "{accept}");
        }
    }
}
