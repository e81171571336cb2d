import swagger from '@fastify/swagger';
import { fastify } from 'fastify';

import type { NotifyRouteOptions } from '../../src/http/notify-route.ts';
import { notifyRoute } from '../../src/http/notify-route.ts';
import { registrationRoutes, type RegistrationRoutesOptions } from '../../src/http/registration-routes.ts';
import { selfTestRoute, type SelfTestRouteOptions } from '../../src/http/self-test-route.ts';
import { statusRoutes, type StatusRoutesOptions } from '../../src/http/status-routes.ts';
import { describeRoute } from './describe-route.ts';
import { openApi } from './openapi.ts';

/** The OpenAPI document, from the description of each route. No route is called. */
export async function describedApi(version: string): Promise<object> {
  const app = fastify();
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  app.addHook('onRoute', (route) => {
    const description = route.config?.description;
    if (description !== undefined) route.schema = describeRoute(description);
  });
  await app.register(swagger, openApi(version));
  statusRoutes(app, { version } as StatusRoutesOptions);
  registrationRoutes(app, {} as RegistrationRoutesOptions);
  notifyRoute(app, {} as NotifyRouteOptions);
  selfTestRoute(app, {} as SelfTestRouteOptions);
  await app.ready();
  return app.swagger();
}
