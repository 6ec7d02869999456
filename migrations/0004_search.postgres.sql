-- Full text: the column search has the words, cut and folded by the program, each between spaces. Rows from before have
-- them without the mark of their place: 1 for those of the first text, and 0 for all.

update products set search = regexp_replace(search, '[^ \n]{255,}', '', 'g');
update products set search =
    regexp_replace(split_part(search, E'\n', 1), '([^ ]+)', '1\1 0\1', 'g') || ' '
    || regexp_replace(split_part(search, E'\n', 2), '([^ ]+)', '0\1', 'g') || ' ';
alter table products add column words tsvector generated always as (search::tsvector) stored;
create index products_words on products using gin (words) with (fastupdate = off);

update users set search = regexp_replace(search, '[^ \n]{255,}', '', 'g');
update users set search =
    regexp_replace(split_part(search, E'\n', 1), '([^ ]+)', '1\1 0\1', 'g') || ' '
    || regexp_replace(split_part(search, E'\n', 2), '([^ ]+)', '0\1', 'g') || ' ';
alter table users add column words tsvector generated always as (search::tsvector) stored;
create index users_words on users using gin (words) with (fastupdate = off);

-- Names are ordered alike on both databases: ASCII letters without case, all else by code point.
-- With what decides who sees a row (and the name itself, without which PostgreSQL does not see that it is all there), so
-- that a late page is found without a look at the rows before it.
drop index products_by_name;
create index products_by_name on products (lower(name collate "C"), id, published_at, visible_at, user_id) include (name);
create index users_by_name on users (lower(name collate "C"), id);
