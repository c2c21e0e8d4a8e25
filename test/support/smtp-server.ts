import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** A mail that the server took. */
export interface Mail {
	readonly recipients: readonly string[];
	readonly text: string;
}

/** How the server treats the next connection; it accepts all that is not named. */
export interface MailPlan {
	/** Recipients that it refuses, for good (550). */
	readonly refuses?: RegExp;
	/** A code of its answer to the mail itself, such as 421 or 554. */
	readonly answer?: number;
	/** It takes the mail, and cuts the connection instead of answering. */
	readonly cut?: boolean;
}

/** A mail server on loopback that speaks SMTP (RFC 5321), without TLS and without accounts, and keeps what it took. */
export class SmtpServer {
	readonly mails: Mail[] = [];

	private readonly plans: MailPlan[] = [];

	private readonly sockets = new Set<Socket>();

	private readonly server = createServer((socket) => {
		this.sockets.add(socket);
		socket.once('close', () => this.sockets.delete(socket)).on('error', () => socket.destroy());
		this.serve(socket, this.plans.shift() ?? {});
	});

	private constructor() {}

	static async start(): Promise<SmtpServer> {
		const smtp = new SmtpServer();
		await new Promise<void>((resolve) => smtp.server.listen(0, '127.0.0.1', resolve));
		return smtp;
	}

	/** What n8n's credential SMTP needs to send through it. */
	get credential() {
		const { port } = this.server.address() as AddressInfo;
		return {
			host: '127.0.0.1',
			port,
			secure: false,
			disableStartTls: true,
			user: '',
			password: '',
		};
	}

	/** Plans the next connections, one each. */
	next(...plans: MailPlan[]): void {
		this.plans.push(...plans);
	}

	/** How many mails were taken whose text has this. */
	taken(text: string): number {
		return this.mails.filter((mail) => mail.text.includes(text)).length;
	}

	async close(): Promise<void> {
		for (const socket of this.sockets) socket.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private serve(socket: Socket, plan: MailPlan): void {
		const say = (line: string) => socket.write(`${line}\r\n`);
		let recipients: string[] = [];
		let lines: string[] | undefined;
		const commands: Record<string, (line: string) => void> = {
			EHLO: () => say('250 localhost'),
			HELO: () => say('250 localhost'),
			MAIL: () => say('250 OK'),
			RCPT: (line) => {
				const refused = plan.refuses?.test(line) ?? false;
				if (!refused) recipients.push(line.replace(/^RCPT TO:<(.*)>.*$/i, '$1'));
				say(refused ? '550 no such mailbox' : '250 OK');
			},
			DATA: () => {
				lines = [];
				say('354 end with a dot');
			},
			RSET: () => {
				recipients = [];
				say('250 OK');
			},
			QUIT: () => {
				say('221 bye');
				socket.end();
			},
		};
		const ended = (text: string) => {
			const { answer = 250 } = plan;
			if (answer < 400) this.mails.push({ recipients, text });
			if (plan.cut) socket.resetAndDestroy();
			else say(`${answer} ${answer < 400 ? 'taken' : 'not taken'}`);
		};
		createInterface({ input: socket }).on('line', (line) => {
			if (lines === undefined) {
				const command = commands[line.slice(0, 4).toUpperCase()];
				if (command === undefined) say('502 not known');
				else command(line);
			} else if (line === '.') {
				ended(lines.join('\n'));
				lines = undefined;
			} else {
				lines.push(line);
			}
		});
		say('220 localhost');
	}
}
