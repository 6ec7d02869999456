-- Indexes of products in the orders most asked for, with what decides who sees a row; and to count the public ones.

create index products_created_at on products (created_at, id);
create index products_updated_at on products (updated_at, id);
create index products_public on products (published_at, visible_at, user_id);
create index products_mime_type on products (mime_type, published_at, visible_at, user_id);
create index products_locale on products (locale, published_at, visible_at, user_id);
