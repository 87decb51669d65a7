// The application around the NestJS sample.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { RendezvousController } from '../../../docs/integrate/samples/nestjs';

@Module({ controllers: [RendezvousController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { rawBody: true, logger: ['error'] });
await app.listen(Number(process.env.PORT), '127.0.0.1');
