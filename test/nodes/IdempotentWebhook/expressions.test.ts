import { expressionsOnlyRead } from '../../../nodes/IdempotentWebhook/expressions';

it.each([
	'plain {{ $json.body.a = 1 }}',
	'=',
	'=order-1',
	'={{ $json.body.id }}',
	'=order-{{ $json.body.items[0]?.id }}-{{$json["headers"]?.["x-id"]}}',
	"=a { b\n{{ $json.headers['x'] }}",
	5,
	null,
])('only reads: %j', (parameter) => {
	expect(expressionsOnlyRead({ options: [{ parameter }] })).toBe(true);
});

it.each([
	'={{ $json.body.a = 1 }}',
	'={{ Object.assign($json.body, { a: 1 }) }}',
	'={{ $json.body.items.sort() }}',
	'={{ $json.body.items[$json.body.n++] }}',
	'={{ delete $json.body.a }}',
	'={{ $json.body.a }}{{ $json.body.b++ }}',
	'={{{ $json.a }}}',
	'={{ $json["a"+"b"] }}',
	'={{ $json.a; $json.b = 1 }}',
	'={{ $json.a',
])('may do more: %s', (parameter) => {
	expect(expressionsOnlyRead({ key: 'a', options: { parameter } })).toBe(false);
});
