/** Before any schema is made: zod would try to compile them with `new Function`, which the policy of the page forbids. */
import { config } from 'zod';

config({ jitless: true });
