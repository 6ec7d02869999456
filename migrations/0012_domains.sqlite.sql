-- The medical domains of products, as the manifests of their builds name them: to find products by.
create table product_domains (
    product_id uuid not null references products (id) on delete cascade,
    name text not null,
    primary key (product_id, name)
);
create index product_domains_name_idx on product_domains (name, product_id);

-- Commas separate domains; what has one is taken apart when the next build comes.
insert or ignore into product_domains (product_id, name)
select builds.product_id, trim(domain.value)
from builds, json_each(builds.marketplace, '$.product.facts.domain') as domain
where builds.yanked_at is null and domain.type = 'text' and instr(domain.value, ',') = 0
    and length(trim(domain.value)) between 1 and 255;
