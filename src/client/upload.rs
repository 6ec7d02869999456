//! Records with a file that was opened before, as one call: the record and its file are there, or neither.

use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::fs::File;
use uuid::Uuid;

use super::collection::{Collection, IDEMPOTENCY_KEY, UPLOAD, new_key, with_fields};
use super::{Cause, Failure, Result};

/// A file to send.
#[derive(Debug)]
pub struct Upload {
    /// The field of the record that it is for.
    pub field: &'static str,
    /// Its content, from where it stands.
    pub file: File,
    /// What it is called.
    pub name: String,
    /// What kind of content it is.
    pub media_type: String,
}

impl<T: DeserializeOwned> Collection<'_, T> {
    /// Creates a record with a file, which is read as it is sent.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn create_with_upload(&self, fields: &Map<String, Value>, upload: Upload) -> Result<T> {
        let request = self.client.request(Method::POST, &self.path).header(IDEMPOTENCY_KEY, new_key());
        self.send_upload(request, fields, upload).await
    }

    /// Replaces a file of a record, which is read as it is sent.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn update_with_upload(&self, id: Uuid, upload: Upload) -> Result<T> {
        let request = self.client.request(Method::PATCH, &self.item(id));
        self.send_upload(request, &Map::new(), upload).await
    }

    async fn send_upload(&self, request: RequestBuilder, fields: &Map<String, Value>, upload: Upload) -> Result<T> {
        let form = upload.add_to(with_fields(fields)).await?;
        self.client.send(request.timeout(UPLOAD).multipart(form)).await
    }
}

impl Upload {
    async fn add_to(self, form: Form) -> Result<Form> {
        let invalid =
            |why: String| Failure::new(Cause::Invalid, format!("The file {} can't be sent: {why}.", self.name));
        let size = self.file.metadata().await.map_err(|error| invalid(error.to_string()))?.len();
        let part = Part::stream_with_length(Body::from(self.file), size).file_name(self.name.clone());
        let part = part.mime_str(&self.media_type).map_err(|error| invalid(error.to_string()))?;
        Ok(form.part(self.field, part))
    }
}
