//! The verbs of every resource, as its clients call them: with typed answers, or with answers as the server gave them.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{ETAG, IF_MATCH};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Cause, Client, Failure, Result};
use crate::core::page::Page;
use crate::core::resource::{Located, Resource};

/// The most entries that a page may have.
const LARGEST_PAGE: i64 = 1000;
/// How long files may take to be sent.
pub(super) const UPLOAD: Duration = Duration::from_secs(24 * 3600);
/// The header by which the server knows a repeated request.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The records of a resource under what they are nested in. Answers are read as `T`.
#[derive(Debug)]
pub struct Collection<'a, T> {
    pub(super) client: &'a Client,
    pub(super) path: String,
    /// What a record must still be for what is done with it to hold.
    seen: Option<String>,
    answers: PhantomData<fn() -> T>,
}

impl Client {
    /// The records of `R` under these ancestors, outermost first.
    pub fn collection<R: Resource>(&self, ancestors: &[Uuid]) -> Collection<'_, Located<R>> {
        self.collection_at(R::TABLE.path_under(ancestors))
    }

    /// The records at a path. As [`Value`], answers keep what only newer servers know of.
    pub fn collection_at<T: DeserializeOwned>(&self, path: String) -> Collection<'_, T> {
        Collection { client: self, path, seen: None, answers: PhantomData }
    }
}

impl<T: DeserializeOwned> Collection<'_, T> {
    /// A page: `parameters` are those of the index.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn list(&self, parameters: &[(&str, String)]) -> Result<Page<T>> {
        self.client.get(&self.path, parameters).await
    }

    /// All entries of all pages, as one page: each once, whatever others write meanwhile.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn list_all(&self, parameters: &[(&str, String)]) -> Result<Page<T>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let place = [("cursor", cursor), ("per_page", LARGEST_PAGE.to_string())];
            let page = self.list(&[parameters, &place[..]].concat()).await?;
            all.extend(page.results);
            match page.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let count = all.len() as i64;
        Ok(Page::new(all, count, 1, count.max(1)))
    }

    /// A page, with the parameters in a body: there they may be as long as need be.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn search(&self, parameters: &impl Serialize) -> Result<Page<T>> {
        let path = format!("{}/search", self.path);
        self.client.send(self.client.request(Method::POST, &path).json(parameters)).await
    }

    /// The record with this id.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn find(&self, id: Uuid) -> Result<T> {
        self.client.get(&self.item(id), &[]).await
    }

    /// The record with this id, and what tells whether it is still the same.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn look(&self, id: Uuid) -> Result<(T, String)> {
        let answer = self.client.answer(self.client.request(Method::GET, &self.item(id))).await?;
        let etag = answer.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or("*").to_owned();
        Ok((answer.json().await?, etag))
    }

    /// The same records, of which what is done next is done only if the record is still what was seen.
    pub fn as_seen(self, etag: String) -> Self {
        Self { seen: Some(etag), ..self }
    }

    /// Creates a record, once, however often the call has to be repeated.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn create(&self, fields: &impl Serialize) -> Result<T> {
        let request = self.client.request(Method::POST, &self.path).header(IDEMPOTENCY_KEY, new_key());
        self.client.send(request.json(fields)).await
    }

    /// Changes the fields given of a record.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn update(&self, id: Uuid, fields: &impl Serialize) -> Result<T> {
        self.client.send(self.client.request(Method::PATCH, &self.item(id)).json(fields)).await
    }

    /// Creates a record with files, each for one of its fields.
    ///
    /// # Errors
    /// When a file can't be read or the call fails.
    pub async fn create_with_files(&self, fields: &Map<String, Value>, files: &[(String, PathBuf)]) -> Result<T> {
        let request = self.client.request(Method::POST, &self.path).header(IDEMPOTENCY_KEY, new_key());
        self.client.send(request.timeout(UPLOAD).multipart(form(fields, files).await?)).await
    }

    /// Changes the fields given of a record, and files of it.
    ///
    /// # Errors
    /// When a file can't be read or the call fails.
    pub async fn update_with_files(
        &self,
        id: Uuid,
        fields: &Map<String, Value>,
        files: &[(String, PathBuf)],
    ) -> Result<T> {
        let request = self.client.request(Method::PATCH, &self.item(id));
        self.client.send(request.timeout(UPLOAD).multipart(form(fields, files).await?)).await
    }

    /// Deletes a record with all that it is composed of, and answers what it was. People's rights go with it only by
    /// `force`.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn delete(&self, id: Uuid, force: bool) -> Result<T> {
        let request = self.client.request(Method::DELETE, &self.item(id));
        self.client.send(if force { request.query(&[("force", true)]) } else { request }).await
    }

    /// Does what else can be done with a record, such as `publish`.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn act(&self, id: Uuid, verb: &str) -> Result<T> {
        self.client.send(self.deed(id, verb)).await
    }

    /// As [`act`](Self::act), with what that takes.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn act_with(&self, id: Uuid, verb: &str, fields: &impl Serialize) -> Result<T> {
        self.client.send(self.deed(id, verb).json(fields)).await
    }

    fn deed(&self, id: Uuid, verb: &str) -> RequestBuilder {
        let path = format!("{}/{verb}", self.item(id));
        let request = self.client.request(Method::POST, &path).header(IDEMPOTENCY_KEY, new_key());
        self.seen.iter().fold(request, |request, etag| request.header(IF_MATCH, etag))
    }

    pub(super) fn item(&self, id: Uuid) -> String {
        format!("{}/{id}", self.path)
    }
}

/// A form of fields and files. Files are read as they are sent.
async fn form(fields: &Map<String, Value>, files: &[(String, PathBuf)]) -> Result<Form> {
    let mut form = with_fields(fields);
    for (field, path) in files {
        let unreadable =
            |error| Failure::new(Cause::Invalid, format!("The file {} can't be read: {error}.", path.display()));
        form = form.part(field.clone(), Part::file(path).await.map_err(unreadable)?);
    }
    Ok(form)
}

/// A form of fields.
pub(super) fn with_fields(fields: &Map<String, Value>) -> Form {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    fields.iter().fold(Form::new(), |form, (name, value)| form.text(name.clone(), text(value)))
}

pub(super) fn new_key() -> String {
    Uuid::new_v4().to_string()
}
