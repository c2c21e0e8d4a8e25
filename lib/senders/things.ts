import { own, ownAt, textAt, type Delivery } from './delivery';
import { bodyField, type Field, firstOf, readId } from './fields';
import type { Reading, Sender } from './sender';

/** What happened, for senders that tell of one thing in several events. */

type Thing = NonNullable<Sender['thing']>;

export const SLACK_THING: Thing = {
	description: 'Body fields event.channel and event.client_msg_id, else event.event_ts',
	chooseWhere:
		'a message should act once, although it comes as message and as app_mention, or by several subscriptions',
	read: (delivery) =>
		readId(delivery, {
			tag: slackKind(delivery),
			required: [firstOf(inEvent('client_msg_id'), inEvent('event_ts'))],
			optional: [firstOf(inEvent('channel'), inEvent('item', 'channel'))],
			scope: [bodyField('team_id')],
		}),
};

const inEvent = (...path: string[]): Field => bodyField('event', ...path);

/** A message and a mention in it are one thing; anything else is only its own kind. */
function slackKind({ body }: Delivery): string {
	const event = own(body, 'event');
	const type = textAt(event, 'type');
	const subtype = textAt(event, 'subtype');
	if ((type === 'message' || type === 'app_mention') && subtype === '') return 'message';
	return `${type}/${subtype}`;
}

export const GITLAB_THING: Thing = {
	description:
		'Body fields object_kind, project and ref with before and after, or object_attributes with id, action and updated_at',
	chooseWhere: 'several hooks of one project lead to this webhook, and a push should act once',
	read: (delivery) => (isPush(delivery) ? readPush(delivery) : readObject(delivery)),
};

function isPush({ body }: Delivery): boolean {
	return own(body, 'ref') !== undefined && own(body, 'after') !== undefined;
}

function readPush(delivery: Delivery): Reading {
	return readId(delivery, {
		tag: 'push',
		required: ['object_kind', 'ref', 'before', 'after'].map((name) => bodyField(name)),
		scope: [GITLAB_PROJECT],
	});
}

function readObject(delivery: Delivery): Reading {
	const attribute = (name: string) => bodyField('object_attributes', name);
	const hasTime = ownAt(delivery.body, ['object_attributes', 'updated_at']) !== undefined;
	return readId(delivery, {
		tag: 'object',
		required: [
			bodyField('object_kind'),
			attribute('id'),
			// A pipeline has no time of a change, and its status changes instead.
			hasTime ? attribute('updated_at') : attribute('status'),
		],
		optional: [attribute('action'), attribute('status')],
		scope: [GITLAB_PROJECT],
	});
}

const GITLAB_PROJECT = firstOf(bodyField('project', 'id'), bodyField('project_id'));
