-- The medical domains of products, as the manifests of their builds name them: to find products by.
create table product_domains (
    product_id uuid not null references products (id) on delete cascade,
    name text not null,
    primary key (product_id, name)
);
create index product_domains_name_idx on product_domains (name, product_id);

-- Commas separate domains; what has one is taken apart when the next build comes.
insert into product_domains (product_id, name)
select distinct builds.product_id, trim(domain.value #>> '{}')
from builds
cross join lateral jsonb_array_elements(
    case jsonb_typeof(builds.marketplace #> '{product,facts,domain}')
        when 'array' then builds.marketplace #> '{product,facts,domain}'
        else '[]'
    end
) as domain (value)
where builds.yanked_at is null and jsonb_typeof(domain.value) = 'string' and position(',' in domain.value #>> '{}') = 0
    and length(trim(domain.value #>> '{}')) between 1 and 255;
